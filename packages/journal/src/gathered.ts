/**
 * Bytes that are put together piece by piece.
 *
 * Always true: no more is reserved than is there, and half a mebibyte: a descriptor's word for its
 * length is not taken before its pieces have come.
 */
const FIRST_BYTES = 524_288;

export class Gathered {
  length = 0;
  private bytes: Uint8Array;

  /** `claimed` is how many are said to come. */
  constructor(claimed: number) {
    this.bytes = new Uint8Array(Math.max(0, Math.min(claimed, FIRST_BYTES)));
  }

  add(piece: Uint8Array): void {
    const length = this.length + piece.length;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(piece, this.length);
    this.length = length;
  }

  /** Nothing is added after. */
  take(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
