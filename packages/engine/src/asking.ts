/**
 * A client's calls, asked of whoever has the store by then.
 *
 * Always true:
 * - what was asked of a store that went to another tab meanwhile is asked there
 * - who has a place in the line is asked in its turn, each time
 */
import { isVarveError, withOutcome } from '@varve/protocol';
import type { Place } from './call-line.ts';
import { Moved, type Relay } from './relay.ts';
import type { Led, SharedRequest } from './service.ts';
import type { Session } from './session.ts';

export interface Asking {
  readonly place?: Place;
  /** It may have been sent to a leader, and nobody knows what became of it. */
  readonly wasSent?: () => boolean;
  /** Waits for what is yet to come. */
  readonly isPatient?: boolean;
}

/** Asks whoever has the store; once more, when it went to somebody else while it was asked. */
export async function askWhoever<S extends Led, R extends Relay, Q extends SharedRequest, T>(
  session: Session<S, R, Q>,
  ask: (store: S | undefined, relay: R | undefined) => T | Promise<T>,
  { place, wasSent, isPatient }: Asking = {},
): Promise<T> {
  const refused = (error: unknown): never => {
    throw wasSent?.() === true && isVarveError(error) ? withOutcome(error, 'unknown') : error;
  };
  for (;;) {
    if (session.store === undefined && session.relay === undefined)
      await session.ready().catch(refused);
    const { store, relay } = session;
    const whom = store ?? relay;
    if (whom === undefined) continue;
    if (place?.mayAsk(whom) === false) {
      await place.moved();
      continue;
    }
    try {
      place?.ask(whom);
      return await ask(store, relay);
    } catch (error) {
      if (!isGone(error, store, session)) throw error;
      place?.comeBack();
    }
    // What was under way does not wake a parked store: a hidden page must not stand in the line.
    if (session.isParked) await session.returned(isPatient).catch(refused);
  }
}

/**
 * A store that was parked, or lost to another tab, under a request that waited in it and left nothing
 * there.
 */
export function isGone<S extends Led, R extends Relay, Q extends SharedRequest>(
  error: unknown,
  store: S | undefined,
  session: Session<S, R, Q>,
): boolean {
  const wasClosed = isVarveError(error, 'CLOSED') && error.outcome !== 'unknown';
  return error instanceof Moved || (wasClosed && session.store !== store);
}
