/**
 * Asking again while someone else still holds a file.
 *
 * Browsers give a handle back late: up to 1.4 s after a navigation, 2 s after a busy worker was
 * terminated. So "busy" is believed only after that, and no other refusal is waited for.
 */
import { FileFault, faultOf } from '../fault.ts';

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 250;

/** @throws with fault `busy` when it was still held after `limitMs`; any other error at once */
export async function whileBusy<T>(limitMs: number, attempt: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (cause) {
      if (faultOf(cause) !== 'busy') throw cause;
      const leftMs = limitMs - (performance.now() - startMs);
      if (leftMs <= 0) throw new FileFault('busy', 'another context has it open', { cause });
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)));
    }
  }
}
