/** What is wrong with a ring that the other side wrote garbage into, or that was never a ring. */
export class RingError extends Error {
  override readonly name = 'RingError';
  readonly code = 'RING_BROKEN';
  /** What did not hold, and the value that was found. */
  readonly facts: { readonly field: string; readonly found: number };

  constructor(field: string, found: number) {
    super(`the ring's ${field} cannot be ${found}`);
    this.facts = { field, found };
  }
}
