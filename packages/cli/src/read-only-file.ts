/**
 * A file that is only looked at.
 *
 * Always true:
 * - it was opened for reading alone, so nothing here can change a byte
 * - up to `expectedBytes` it reads as if it were that long: what a truncated file lacks is zeros, so
 *   that the rest can still be judged
 */
import fs from 'node:fs';
import { FileFault, type SyncFile } from '@varve/files';

export class ReadOnlyFile implements SyncFile {
  readonly #fd: number;
  /** What is really there, bytes. */
  readonly realBytes: number;
  expectedBytes = 0;

  constructor(path: string) {
    this.#fd = fs.openSync(path, fs.constants.O_RDONLY);
    this.realBytes = fs.fstatSync(this.#fd).size;
  }

  read(buffer: Uint8Array, options: { at: number }): number {
    let moved = 0;
    while (moved < buffer.length) {
      const more = fs.readSync(this.#fd, buffer, moved, buffer.length - moved, options.at + moved);
      if (more === 0) break;
      moved += more;
    }
    const padded = Math.min(buffer.length, Math.max(moved, this.expectedBytes - options.at));
    buffer.fill(0, moved, padded);
    return padded;
  }

  getSize(): number {
    return Math.max(this.realBytes, this.expectedBytes);
  }

  /** Changes whenever anybody writes to the file. */
  get changeMark(): string {
    const { mtimeNs, size } = fs.fstatSync(this.#fd, { bigint: true });
    return `${mtimeNs} ${size}`;
  }

  write(): never {
    throw new FileFault('denied', 'this file is only read');
  }

  truncate(): never {
    throw new FileFault('denied', 'this file is only read');
  }

  flush(): never {
    throw new FileFault('denied', 'this file is only read');
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}
