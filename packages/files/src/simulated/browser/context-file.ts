/**
 * A file that one context has open: exclusive among all contexts until it is given back.
 *
 * Always true:
 * - a context that dies in a write leaves a prefix of it, as a killed renderer does
 * - given back only by the browser: after `close`, or some time after its context's death
 */
import type { SyncFile } from '../../port.ts';
import { ContextDied } from './context-died.ts';
import type { SimulatedContext } from './simulated-context.ts';

export class ContextFile implements SyncFile {
  readonly #context: SimulatedContext;
  readonly #file: SyncFile;
  #isClosed = false;

  constructor(context: SimulatedContext, file: SyncFile) {
    this.#context = context;
    this.#file = file;
    context.files.add(this);
  }

  read(buffer: Uint8Array, options: { at: number }): number {
    this.#check();
    return this.#file.read(buffer, options);
  }

  write(buffer: Uint8Array, options: { at: number }): number {
    this.#check();
    this.#mayDie(() => {
      const length = this.#context.browser.random.below(buffer.length + 1);
      if (length > 0) this.#file.write(buffer.subarray(0, length), options);
    });
    return this.#file.write(buffer, options);
  }

  truncate(size: number): void {
    this.#check();
    this.#mayDie();
    this.#file.truncate(size);
  }

  getSize(): number {
    this.#check();
    return this.#file.getSize();
  }

  flush(): void {
    this.#check();
    this.#mayDie();
    this.#file.flush();
    this.#context.spend(this.#context.flushMs);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A dead context's files are given back by the browser.
    if (this.#context.isAlive) this.#context.releasing(() => this.release());
  }

  /** The browser gives it back. */
  release(): void {
    this.#isClosed = true;
    this.#context.files.delete(this);
    this.#file.close();
  }

  #check(): void {
    this.#context.assertAlive();
    // As a platform's own handle would have it.
    if (this.#isClosed) this.#file.close();
  }

  #mayDie(halfway: () => void = () => undefined): void {
    if (this.#context.diesAfterOps-- > 0) return;
    halfway();
    this.#context.die();
    throw new ContextDied(`${this.#context.name} was killed`);
  }
}
