export * from './engine.ts';
export type * from './services.ts';
