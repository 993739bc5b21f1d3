export type * from './volume-port.ts';
