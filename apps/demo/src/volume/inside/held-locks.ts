/**
 * The browser's own locks on the volume: who leads it holds one, who would lead next waits for it.
 *
 * Always true: it is what the browser says, not what the engine believes.
 */
export interface HeldLocks {
  readonly held: number;
  readonly waiting: number;
}

/** @param store name of the volume's store */
export async function heldLocks(store: string): Promise<HeldLocks> {
  const { held = [], pending = [] } = await navigator.locks.query();
  const ours = ({ name }: LockInfo): boolean => name === `varve/varve:${store}`;
  return { held: held.filter(ours).length, waiting: pending.filter(ours).length };
}
