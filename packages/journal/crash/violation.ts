/** An invariant that an image, or the running store, broke. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function demand(holds: boolean, invariant: string, message: string): asserts holds {
  if (!holds) throw new Violation(`${invariant}: ${message}`);
}
