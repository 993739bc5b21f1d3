/**
 * A set of whole numbers below 2^32, in pages of bits: dense where it is used, nothing where not.
 */
const PAGE_BITS = 32_768;

export class BitSet {
  size = 0;
  private readonly pages = new Map<number, Uint32Array>();

  has(value: number): boolean {
    const page = this.pages.get(Math.floor(value / PAGE_BITS));
    if (page === undefined) return false;
    const bit = value % PAGE_BITS;
    return ((page[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
  }

  /** False: it was there. */
  add(value: number): boolean {
    const index = Math.floor(value / PAGE_BITS);
    let page = this.pages.get(index);
    if (page === undefined) this.pages.set(index, (page = new Uint32Array(PAGE_BITS / 32)));
    const bit = value % PAGE_BITS;
    const before = page[bit >>> 5]!;
    page[bit >>> 5] = before | (1 << (bit & 31));
    if (page[bit >>> 5] === before) return false;
    this.size++;
    return true;
  }

  /** False: it was not there. */
  delete(value: number): boolean {
    if (!this.has(value)) return false;
    const page = this.pages.get(Math.floor(value / PAGE_BITS))!;
    const bit = value % PAGE_BITS;
    page[bit >>> 5] = page[bit >>> 5]! & ~(1 << (bit & 31));
    this.size--;
    return true;
  }

  *values(): Generator<number> {
    for (const index of this.pages.keys()) {
      const from = index * PAGE_BITS;
      for (let value = from; value < from + PAGE_BITS; value++) if (this.has(value)) yield value;
    }
  }

  clear(): void {
    this.pages.clear();
    this.size = 0;
  }
}
