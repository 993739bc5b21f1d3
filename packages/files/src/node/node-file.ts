/**
 * A file of the local file system, open for this holder alone.
 *
 * `flush` is `fdatasync` (on macOS libuv makes it `F_FULLFSYNC`), so its promise is the device's.
 */
import fs from 'node:fs';
import { FileFault } from '../fault.ts';
import type { SyncFile } from '../port.ts';
import type { Claim } from './exclusive.ts';

export class NodeFile implements SyncFile {
  #fd: number | undefined;
  readonly #claim: Claim;

  constructor(fd: number, claim: Claim) {
    this.#fd = fd;
    this.#claim = claim;
  }

  read(buffer: Uint8Array, options: { at: number }): number {
    return fs.readSync(this.#open(), buffer, 0, buffer.length, options.at);
  }

  write(buffer: Uint8Array, options: { at: number }): number {
    return fs.writeSync(this.#open(), buffer, 0, buffer.length, options.at);
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#open(), size);
  }

  getSize(): number {
    return fs.fstatSync(this.#open()).size;
  }

  flush(): void {
    fs.fdatasyncSync(this.#open());
  }

  close(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    try {
      fs.closeSync(fd);
    } finally {
      this.#claim.release();
    }
  }

  #open(): number {
    if (this.#fd === undefined) throw new FileFault('io', 'the file was closed');
    return this.#fd;
  }
}
