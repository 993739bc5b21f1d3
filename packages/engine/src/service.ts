/**
 * What an engine makes of a store, logs or volumes, as far as sessions and tabs need to know: how it is
 * opened, led and followed.
 */
import type { Host } from '@varve/files';
import type { JoinMessage, OpenRequest, StoreEvent, StoreStatus } from '@varve/protocol';
import type { GuestPlace } from './guests.ts';
import type { Relay, RelayContext } from './relay.ts';

/** What is led: open, and ours alone. */
export interface Led {
  /** Cleanly. Idempotent. */
  close(): Promise<void>;
  /** At once: as a crash would. */
  abandon(): void;
}

/** What holds for each request, whatever else is in it. */
export type SharedRequest = Pick<OpenRequest, 'busyTimeoutMs' | 'leaderTimeoutMs' | 'fallback'>;

/** Links of followers, and what else there is while we lead. */
export interface Leading {
  welcome(join: JoinMessage): void;
  /** What the store tells. */
  event(event: StoreEvent): void;
  lookIntoInbox?(): void;
  /** The store is about to be given back. */
  part(): void;
  /** It was given back. */
  end?(): void;
}

/** @typeParam Q a complete request */
export interface Service<S extends Led, R extends Relay, Q extends SharedRequest> {
  /** @param create overrides what the request says */
  open(
    host: Host,
    name: string,
    request: Q,
    tell: (event: StoreEvent) => void,
    create?: false,
  ): Promise<S>;
  /** One that was lost is still asked, and says so itself. */
  readonly tellsOfLoss: boolean;
  /** Of its journal. */
  statusOf(store: S): StoreStatus;
  lead(place: GuestPlace, store: S, request: Q, tell: (event: StoreEvent) => void): Leading;
  follow(context: RelayContext, request: Q): R;
}
