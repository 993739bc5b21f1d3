export * from './control-messages.ts';
export * from './data-messages.ts';
export * from './errors.ts';
export * from './port.ts';
export * from './record-frame.ts';
export * from './status.ts';
export * from './validate.ts';
export * from './wire-error.ts';
