/**
 * A sparse file's bytes in memory, with copies that cost almost nothing.
 *
 * Always true:
 * - bytes at or beyond `size` are zero in every page, so growing needs no clearing
 * - a page is written in place only while this object alone refers to it; after `fork` both sides
 *   copy a page before they change it
 */

const PAGE_BYTES = 4096;

/** Whoever holds the same token as a page may write it in place. */
type Owner = object;

interface Page {
  readonly owner: Owner;
  readonly bytes: Uint8Array;
  /** Of `bytes`, since they were last written. */
  digest: number | undefined;
}

export class PagedBytes {
  #pages: (Page | undefined)[] = [];
  #owner: Owner = {};
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** A copy; pages are shared until one side writes them. */
  fork(): PagedBytes {
    const copy = new PagedBytes();
    copy.#pages = this.#pages.slice();
    copy.#size = this.#size;
    this.#owner = {};
    return copy;
  }

  /** Copies bytes from `at` into `buffer`; returns how many there were. */
  read(buffer: Uint8Array, at: number): number {
    const length = Math.max(0, Math.min(buffer.length, this.#size - at));
    let done = 0;
    while (done < length) {
      const offset = (at + done) % PAGE_BYTES;
      const step = Math.min(length - done, PAGE_BYTES - offset);
      const page = this.#pages[(at + done - offset) / PAGE_BYTES];
      if (page === undefined) buffer.fill(0, done, done + step);
      else if (offset === 0 && step === PAGE_BYTES) buffer.set(page.bytes, done);
      else buffer.set(page.bytes.subarray(offset, offset + step), done);
      done += step;
    }
    return length;
  }

  /** Copies `buffer` to `at`, growing the file if needed. */
  write(buffer: Uint8Array, at: number): void {
    let done = 0;
    while (done < buffer.length) {
      const offset = (at + done) % PAGE_BYTES;
      const step = Math.min(buffer.length - done, PAGE_BYTES - offset);
      const whole = done === 0 && step === buffer.length;
      const piece = whole ? buffer : buffer.subarray(done, done + step);
      this.#ownPage((at + done - offset) / PAGE_BYTES, step < PAGE_BYTES).set(piece, offset);
      done += step;
    }
    this.#size = Math.max(this.#size, at + buffer.length);
  }

  /** Cuts, or extends with zeros. */
  truncate(size: number): void {
    if (size < this.#size) {
      const offset = size % PAGE_BYTES;
      const kept = Math.ceil(size / PAGE_BYTES);
      if (this.#pages.length > kept) this.#pages.length = kept;
      if (offset !== 0 && this.#pages[kept - 1] !== undefined) {
        this.#ownPage(kept - 1, true).fill(0, offset);
      }
    }
    this.#size = size;
  }

  /** The `length` bytes at `at` as a copy; zero beyond the end. */
  slice(at: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    this.read(copy, at);
    return copy;
  }

  /** Whether the bytes at `at` are these; bytes beyond the end are zero. */
  matches(bytes: Uint8Array, at: number): boolean {
    const own = this.slice(at, bytes.length);
    for (let index = 0; index < own.length; index++) if (own[index] !== bytes[index]) return false;
    return true;
  }

  /** Whether both hold the same in `[at, at + length)`; bytes beyond an end are zero. */
  equalAt(other: PagedBytes, at: number, length: number): boolean {
    const first = Math.floor(at / PAGE_BYTES);
    const last = Math.floor((at + length - 1) / PAGE_BYTES);
    let shared = true;
    for (let index = first; index <= last; index++) {
      if (this.#pages[index] !== other.#pages[index]) shared = false;
    }
    return shared || this.matches(other.slice(at, length), at);
  }

  /** A number for each page, as `digestOf` has it: it is asked once a page, whoever shares that. */
  digests(digestOf: (page: Uint8Array) => number): (number | undefined)[] {
    return this.#pages.map((page) =>
      page === undefined ? undefined : (page.digest ??= digestOf(page.bytes)),
    );
  }

  #ownPage(index: number, keepContent: boolean): Uint8Array {
    const page = this.#pages[index];
    if (page !== undefined && page.owner === this.#owner) {
      page.digest = undefined;
      return page.bytes;
    }
    const bytes = new Uint8Array(PAGE_BYTES);
    if (keepContent && page !== undefined) bytes.set(page.bytes);
    // A hole in the array would turn it into a slow dictionary.
    while (this.#pages.length < index) this.#pages.push(undefined);
    this.#pages[index] = { owner: this.#owner, bytes, digest: undefined };
    return bytes;
  }
}
