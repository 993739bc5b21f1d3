/**
 * Asking again while someone else still holds a file.
 *
 * Browsers give a handle back late: up to 1.4 s after a navigation, 2 s after a busy worker was
 * terminated. So "busy" is believed only after that, and no other refusal is waited for.
 */
import { FileFault, faultOf } from '../fault.ts';

const SHORTEST_PAUSE_MS = 5;
/** Of what it has waited so far: nobody is kept much longer than the file is. */
const PAUSE_PART = 1 / 10;

/** @throws with fault `busy` when it was still held after `limitMs`; any other error at once */
export async function whileBusy<T>(limitMs: number, attempt: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (faultOf(cause) !== 'busy') throw cause;
      const waitedMs = performance.now() - startMs;
      const leftMs = limitMs - waitedMs;
      if (leftMs <= 0) throw new FileFault('busy', 'another context has it open', { cause });
      const pauseMs = Math.max(SHORTEST_PAUSE_MS, waitedMs * PAUSE_PART);
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)));
    }
  }
}
