export * from './errors.ts';
export * from './record-frame.ts';
export * from './status.ts';
