/**
 * Counts the bytes that code reserves with `new Uint8Array(n)`.
 *
 * Always true: while it is on, no reservation of more than `limit` in all is carried out.
 */
export class AllocationMeter {
  limit = Infinity;
  reserved = 0;
  private readonly original = globalThis.Uint8Array;

  begin(limit: number): void {
    this.limit = limit;
    this.reserved = 0;
  }

  /** Takes the place of the global constructor. */
  install(): void {
    const count = (bytes: number): void => {
      if (bytes > 0) this.reserved += bytes;
      if (this.reserved > this.limit)
        throw new Error(`${this.reserved} bytes reserved, at most ${this.limit} are allowed`);
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
