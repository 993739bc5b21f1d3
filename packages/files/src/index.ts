export * from './port.ts';
export * from './host.ts';
export * from './fault.ts';
export * from './plain-name.ts';
