/**
 * Counts the bytes that code reserves with `new Uint8Array(n)`.
 *
 * Always true: while it is on, no single reservation of more than `limit` is carried out, nor many
 * that together come to `MANY` times that.
 */
const MANY = 64;

export class AllocationMeter {
  /** The largest one. */
  largest = 0;
  private limit = Infinity;
  private total = 0;
  private readonly original = globalThis.Uint8Array;

  begin(limit: number): void {
    this.limit = limit;
    this.largest = 0;
    this.total = 0;
  }

  /** Takes the place of the global constructor. */
  install(): void {
    const count = (bytes: number): void => {
      this.largest = Math.max(this.largest, bytes);
      this.total += Math.max(0, bytes);
      const { largest, total, limit } = this;
      if (largest > limit || total > limit * MANY)
        throw new Error(`${largest} bytes reserved at once, ${total} in all; ${limit} are allowed`);
    };
    globalThis.Uint8Array = new Proxy(this.original, {
      construct(target, args: unknown[], newTarget) {
        const [first] = args;
        if (typeof first === 'number') count(first);
        return Reflect.construct(target, args, newTarget) as Uint8Array;
      },
    });
  }

  remove(): void {
    globalThis.Uint8Array = this.original;
  }
}
