export { threadScript } from './bundle.ts';
export { PLANTED_BUGS } from './planted.ts';
export { runThreads } from './two-threads.ts';
