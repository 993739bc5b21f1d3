/** Timers for tests in which nobody sleeps. */
import type { Host } from '@varve/files';

const within = (mostMs: number): Host['timers'] => ({
  after: (delayMs, task) => {
    if (delayMs > mostMs) return () => {};
    const handle = setImmediate(task);
    return () => clearImmediate(handle);
  },
});

/** Those without a delay run at once, the others never. */
export const atOnce = within(0);
/** Delays are short, or never end: for what waits before it tries again. */
export const soon = within(2_000);
