/** One of two tabs that hand a file on by a Web Lock alone: what a takeover costs without Varve. */
import type { RawTakeoverStep } from './raw-takeover-worker.ts';

declare global {
  interface Window {
    /** When each step was done, ms since 1970. */
    rawTakeover: Partial<Record<RawTakeoverStep, number>>;
  }
}

window.rawTakeover = {};
const worker = new Worker(new URL('./raw-takeover-worker.ts', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }: MessageEvent<{ step: RawTakeoverStep; atMs: number }>) => {
  window.rawTakeover[data.step] = data.atMs;
};
document.body.dataset['ready'] = 'yes';
