/**
 * A broken invariant is a bug of ours (never bad input: that is a typed `VarveError`).
 * Whoever owns a store must treat it as poison.
 */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `condition` holds. The message states what should have been true. */
export function invariant(condition: unknown, shouldHold: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${shouldHold}`);
}
