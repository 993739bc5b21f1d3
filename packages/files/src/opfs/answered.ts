/**
 * Asking the file system again when it does not answer.
 *
 * A call that is under way while the origin's storage is cleared may never be answered; one made
 * afterwards is. So a silent call is repeated, and the first answer counts.
 */
import { FileFault } from '../fault.ts';

/** Twice as long each time: what is merely slow is not made slower. */
const REPEAT_FIRST_MS = 100;
/** Of a machine that is busy with everything else, too. */
const DEADLINE_MS = 4000;

/** `ask` must change nothing. @throws what it throws first, or fault `io` when it never answers */
export function answered<T>(ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    let repeatMs = REPEAT_FIRST_MS;
    const put = (): void => {
      if (performance.now() - startMs > DEADLINE_MS) {
        return reject(new FileFault('io', 'the file system does not answer'));
      }
      timer = setTimeout(put, repeatMs);
      repeatMs *= 2;
      ask()
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    };
    let timer: ReturnType<typeof setTimeout>;
    put();
  });
}
