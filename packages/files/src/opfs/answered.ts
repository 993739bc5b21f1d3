/**
 * Asking the file system again when it does not answer.
 *
 * A call that is under way while the origin's storage is cleared may never be answered; one made
 * afterwards is. So a silent call is repeated, and the first answer counts.
 */
import { FileFault } from '../fault.ts';

const REPEAT_MS = 100;
const DEADLINE_MS = 2000;

/** `ask` must change nothing. @throws what it throws first, or fault `io` when it never answers */
export function answered<T>(ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const put = (): void => {
      if (performance.now() - startMs > DEADLINE_MS) {
        return reject(new FileFault('io', 'the file system does not answer'));
      }
      timer = setTimeout(put, REPEAT_MS);
      ask()
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    };
    let timer: ReturnType<typeof setTimeout>;
    put();
  });
}
