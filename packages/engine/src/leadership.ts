/**
 * Taking a store: first the lock (so that waiting is orderly), then the journal's exclusive handle
 * (the fence: it alone decides).
 *
 * Always true:
 * - who has no lock opens no handle; who gives up holds neither
 * - only `busy` is tried again: a handle may outlive its dead owner for a moment
 */
import type { Abort, HeldLock, Host } from '@varve/files';
import { VarveError, isVarveError } from '@varve/protocol';

const RETRY_FIRST_MS = 10;
const RETRY_MAX_MS = 200;

export interface Held<T> {
  readonly lock: HeldLock;
  readonly value: T;
}

export const lockName = (store: string): string => `varve:${store}`;
/** Held by the one follower that tries to depose a leader that stands still. */
export const stealLockName = (store: string): string => `varve:${store}:steal`;

function sleep(host: Host, ms: number): Promise<void> {
  return new Promise((resolve) => host.timers.after(ms, resolve));
}

function busy(
  store: string,
  held: 'lock' | 'handle',
  waitedMs: number,
  cause?: unknown,
): VarveError {
  return new VarveError('STORE_BUSY', undefined, {
    facts: { store, held, waitedMs: Math.round(waitedMs) },
    outcome: 'not-written',
    cause,
  });
}

async function acquire(host: Host, store: string, timeoutMs: number): Promise<HeldLock> {
  // Asked first without waiting: a timer must not decide about a lock that is free.
  const free = await host.locks.acquire(lockName(store), { ifAvailable: true });
  if (free !== undefined) return free;
  const abort = new AbortController();
  const cancel = host.timers.after(timeoutMs, () => abort.abort());
  try {
    const lock = await host.locks.acquire(lockName(store), { signal: abort.signal });
    if (lock !== undefined) return lock;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    cancel();
  }
  throw busy(store, 'lock', timeoutMs);
}

/** Runs `open` as the store's only leader, waiting at most `timeoutMs` for another to go. */
export async function takeStore<T>(
  host: Host,
  store: string,
  timeoutMs: number,
  open: () => Promise<T>,
): Promise<Held<T>> {
  const startMs = host.clock.nowMs();
  const lock = await acquire(host, store, timeoutMs);
  const waitedMs = host.clock.nowMs() - startMs;
  const opening = async (): Promise<Held<T>> => ({ lock, value: await open() });
  const held = await openAsLeader(host, store, lock, timeoutMs - waitedMs, opening);
  if (held === undefined) throw busy(store, 'lock', waitedMs);
  return held;
}

/**
 * Opens what only the holder of `lock` may, as soon as the handle is free. The lock is given back if
 * that fails.
 *
 * @param signal ends the waiting with its reason
 * @returns undefined when the lock was taken from us while we waited
 * @throws STORE_BUSY
 */
export async function openAsLeader<T extends object>(
  host: Host,
  store: string,
  lock: HeldLock,
  timeoutMs: number,
  open: () => Promise<T>,
  signal?: Abort,
): Promise<T | undefined> {
  const startMs = host.clock.nowMs();
  let isOurs = true;
  void lock.lost.then(() => (isOurs = false));
  try {
    for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS)) {
      if (signal?.aborted) throw signal.reason;
      if (!isOurs) return undefined;
      try {
        return await open();
      } catch (error) {
        const waitedMs = host.clock.nowMs() - startMs;
        if (!isVarveError(error, 'STORE_BUSY')) throw error;
        if (waitedMs + pauseMs > timeoutMs) throw busy(store, 'handle', waitedMs, error);
      }
      await sleep(host, pauseMs);
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}
