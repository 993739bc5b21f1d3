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

export interface InLine {
  readonly place: Place;
  /** It may have been sent to a leader, and nobody knows what became of it. */
  readonly wasSent?: () => boolean;
}

/** Asks whoever has the store; once more, when it went to somebody else while it was asked. */
export async function askWhoever<S extends Led, R extends Relay, Q extends SharedRequest, T>(
  session: Session<S, R, Q>,
  ask: (store: S | undefined, relay: R | undefined) => T | Promise<T>,
  line?: InLine,
): Promise<T> {
  for (;;) {
    if (session.store === undefined && session.relay === undefined) {
      await session.ready().catch((error: unknown) => {
        const wasSent = line?.wasSent?.() === true;
        throw wasSent && isVarveError(error) ? withOutcome(error, 'unknown') : error;
      });
    }
    if (line !== undefined && !line.place.isFirst) {
      await line.place.first();
      continue;
    }
    const { store, relay } = session;
    if (store === undefined && relay === undefined) continue;
    try {
      line?.place.leave();
      return await ask(store, relay);
    } catch (error) {
      if (!isGone(error, store, session)) throw error;
      line?.place.comeBack();
    }
    // What was under way does not wake a parked store: a hidden page must not stand in the line.
    if (session.isParked) await session.returned();
  }
}

/** A store that was parked, or lost to another tab, under a request that waited in it. */
export function isGone<S extends Led, R extends Relay, Q extends SharedRequest>(
  error: unknown,
  store: S | undefined,
  session: Session<S, R, Q>,
): boolean {
  return error instanceof Moved || (isVarveError(error, 'CLOSED') && session.store !== store);
}
