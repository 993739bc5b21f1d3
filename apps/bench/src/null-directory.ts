/**
 * A disk that does nothing: what is left of an operation's time is the processor's.
 *
 * Always true:
 * - a write moves no byte and a read gives zeros, but for a file's first bytes: there stand the
 *   superblocks that an opening store reads back
 * - a flush returns at once; sizes are kept, since who wrote asks for them
 */
import type { Directory, SyncFile } from '@varve/files';

const KEPT_BYTES = 256 << 10;

export class NullFile implements SyncFile {
  readonly #kept = new Uint8Array(KEPT_BYTES);
  #size = 0;

  read(buffer: Uint8Array, { at }: { at: number }): number {
    const bytes = Math.max(0, Math.min(buffer.length, this.#size - at));
    buffer.fill(0, 0, bytes);
    if (at < KEPT_BYTES) buffer.set(this.#kept.subarray(at, at + bytes));
    return bytes;
  }

  write(buffer: Uint8Array, { at }: { at: number }): number {
    if (at < KEPT_BYTES) this.#kept.set(buffer.subarray(0, KEPT_BYTES - at), at);
    this.#size = Math.max(this.#size, at + buffer.length);
    return buffer.length;
  }

  truncate(size: number): void {
    this.#size = size;
  }

  getSize(): number {
    return this.#size;
  }

  flush(): void {}

  close(): void {}
}

export class NullDirectory implements Directory {
  readonly #files = new Set<string>();
  readonly #folders = new Map<string, NullDirectory>();

  async openFile(name: string): Promise<SyncFile> {
    this.#files.add(name);
    return new NullFile();
  }

  async hasFile(name: string): Promise<boolean> {
    return this.#files.has(name);
  }

  async removeFile(name: string): Promise<void> {
    this.#files.delete(name);
  }

  async directory(name: string, options: { create: boolean }): Promise<Directory | undefined> {
    let folder = this.#folders.get(name);
    if (folder === undefined && options.create) {
      folder = new NullDirectory();
      this.#folders.set(name, folder);
    }
    return folder;
  }

  async removeDirectory(name: string): Promise<void> {
    this.#folders.delete(name);
  }

  async list(): Promise<{ name: string; kind: 'file' | 'directory' }[]> {
    return [
      ...Array.from(this.#files, (name) => ({ name, kind: 'file' as const })),
      ...Array.from(this.#folders.keys(), (name) => ({ name, kind: 'directory' as const })),
    ];
  }
}
