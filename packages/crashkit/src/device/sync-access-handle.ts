/**
 * An open file in the shape of a browser's `FileSystemSyncAccessHandle`.
 *
 * Always true:
 * - while it is open nobody else opens, moves or removes the file
 * - reads and writes without `at` go on where the last one ended
 */
import type { SyncFile } from '@varve/files';
import { domError, inDomErrors } from './dom-error.ts';

export type BytesLike = ArrayBufferLike | ArrayBufferView;

export class SyncAccessHandle {
  readonly #file: SyncFile;
  #cursor = 0;
  #closed = false;

  constructor(file: SyncFile) {
    this.#file = file;
  }

  /** Returns how many bytes were read: 0 at the end, and where the fault plan says so. */
  read(buffer: BytesLike, options: { at?: number } = {}): number {
    return this.#perform(() => {
      const at = this.#place(options.at);
      const done = this.#file.read(viewOf(buffer), { at });
      this.#cursor = at + done;
      return done;
    });
  }

  /** Returns how many bytes were written, which may be fewer than given. */
  write(buffer: BytesLike, options: { at?: number } = {}): number {
    return this.#perform(() => {
      const at = this.#place(options.at);
      const done = this.#file.write(viewOf(buffer), { at });
      this.#cursor = at + done;
      return done;
    });
  }

  truncate(newSize: number): void {
    this.#perform(() => {
      const size = wholeNumber(newSize, 'size');
      this.#file.truncate(size);
      this.#cursor = Math.min(this.#cursor, size);
    });
  }

  getSize(): number {
    return this.#perform(() => this.#file.getSize());
  }

  flush(): void {
    this.#perform(() => this.#file.flush());
  }

  /** Gives the file back. Does not flush. */
  close(): void {
    this.#closed = true;
    this.#file.close();
  }

  #place(at: number | undefined): number {
    return at === undefined ? this.#cursor : wholeNumber(at, 'at');
  }

  #perform<T>(operation: () => T): T {
    if (this.#closed) throw domError('InvalidStateError', 'The access handle is closed');
    return inDomErrors(operation);
  }
}

function viewOf(buffer: BytesLike): Uint8Array {
  if (!ArrayBuffer.isView(buffer)) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function wholeNumber(value: number, what: string): number {
  const whole = Math.trunc(value);
  if (!(whole >= 0 && whole <= Number.MAX_SAFE_INTEGER)) {
    throw new TypeError(`${what} is not a place in a file: ${value}`);
  }
  return whole;
}
