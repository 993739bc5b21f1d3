/**
 * An open file in memory. Growth is all or nothing against the host's budget, as a browser's quota is.
 */
import { FileFault } from '../fault.ts';
import type { PagedBytes } from '../paged-bytes.ts';
import type { SyncFile } from '../port.ts';

export interface FileNode {
  readonly kind: 'file';
  readonly bytes: PagedBytes;
  /** Moved by {@link MemoryFile} alone. */
  isOpen: boolean;
}

/** How many bytes all files of a host may hold together. */
export interface Budget {
  usedBytes: number;
  readonly limitBytes: number;
}

export class MemoryFile implements SyncFile {
  readonly #node: FileNode;
  readonly #budget: Budget;
  #closed = false;

  constructor(node: FileNode, budget: Budget) {
    this.#node = node;
    this.#budget = budget;
    node.isOpen = true;
  }

  read(buffer: Uint8Array, options: { at: number }): number {
    return this.#bytes().read(buffer, options.at);
  }

  write(buffer: Uint8Array, options: { at: number }): number {
    const bytes = this.#bytes();
    this.#charge(Math.max(bytes.size, options.at + buffer.length));
    bytes.write(buffer, options.at);
    return buffer.length;
  }

  truncate(size: number): void {
    const bytes = this.#bytes();
    this.#charge(size);
    bytes.truncate(size);
  }

  getSize(): number {
    return this.#bytes().size;
  }

  flush(): void {
    this.#bytes();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#node.isOpen = false;
  }

  #charge(newSize: number): void {
    const growth = newSize - this.#node.bytes.size;
    if (growth > 0 && this.#budget.usedBytes + growth > this.#budget.limitBytes) {
      throw new FileFault('no-space', `over the budget of ${this.#budget.limitBytes} bytes`);
    }
    this.#budget.usedBytes += growth;
  }

  #bytes(): PagedBytes {
    if (this.#closed) throw new FileFault('io', 'the file was closed');
    return this.#node.bytes;
  }
}
