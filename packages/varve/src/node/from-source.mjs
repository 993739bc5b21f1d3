/** Starts the worker thread from TypeScript source: for this repository's own tests, never shipped. */
import { register } from 'tsx/esm/api';

register();
await import('./worker.ts');
