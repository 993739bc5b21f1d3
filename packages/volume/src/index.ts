export type * from './volume-port.ts';
export { openVolume } from './open-volume.ts';
