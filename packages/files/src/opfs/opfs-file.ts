/**
 * An open file: the browser's sync access handle, but for the way it is closed.
 *
 * Chromium never returns from closing the handle of a file that was cleared away: the worker stands
 * still for good (e2e/tests/cleared.spec.ts). So the name is resolved once more just before. What is
 * gone is not closed: its handle ends with the worker, and nobody can want it.
 *
 * Always true:
 * - after `close` nothing is read or written, at once
 * - the handle is closed a moment later, and only when its name was seen to resolve just before
 */
import { FileFault, faultOf } from '../fault.ts';
import type { SyncFile } from '../port.ts';

/** A look that fails says neither that the file is there nor that it is gone. */
const LOOKS_MAX = 3;
const PAUSE_MS = 50;

export class OpfsFile implements SyncFile {
  readonly #handle: FileSystemSyncAccessHandle;
  readonly #isThere: () => Promise<boolean>;
  #closing: Promise<void> | undefined;

  constructor(handle: FileSystemSyncAccessHandle, isThere: () => Promise<boolean>) {
    this.#handle = handle;
    this.#isThere = isThere;
  }

  read(buffer: Uint8Array, options: { at: number }): number {
    return this.#open().read(buffer, options);
  }

  write(buffer: Uint8Array, options: { at: number }): number {
    return this.#open().write(buffer, options);
  }

  truncate(size: number): void {
    this.#open().truncate(size);
  }

  getSize(): number {
    return this.#open().getSize();
  }

  flush(): void {
    this.#open().flush();
  }

  close(): void {
    this.#closing ??= closings.add(this.#closeIfThere());
  }

  #open(): FileSystemSyncAccessHandle {
    if (this.#closing !== undefined) throw new FileFault('io', 'the file was closed');
    return this.#handle;
  }

  async #closeIfThere(): Promise<void> {
    for (let look = 1; look <= LOOKS_MAX; look++) {
      try {
        if (await this.#isThere()) this.#handle.close();
        return;
      } catch (error) {
        if (faultOf(error) === 'denied') return;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }
}

/** What this worker is about to close: who opens or removes a file waits for it. */
class Closings {
  readonly #pending = new Set<Promise<void>>();

  add(closing: Promise<void>): Promise<void> {
    this.#pending.add(closing);
    void closing.finally(() => this.#pending.delete(closing));
    return closing;
  }

  async over(): Promise<void> {
    await Promise.all(this.#pending);
  }
}

export const closings = new Closings();
