/**
 * The control channel: rare calls, over comlink. Each is one method name with its arguments; each
 * answer says in the open whether it failed, so that comlink's own error transfer (which drops code
 * and cause) is never used.
 *
 * Streams are pulled: a source gives one piece per `pull`, a sink takes one piece per `write`.
 */
import type { BatchLayout, DamageRange, StorageFacts, StoreLayout, StoreStatus } from './status.ts';
import type { Records } from './data-messages.ts';
import type { GivenRequest, OpenRequest } from './open-request.ts';
import type { WireError } from './wire-error.ts';

export interface StoreListing {
  readonly name: string;
  readonly bytes: number;
  readonly lost: boolean;
}

/** One piece of a source. */
export type SourcePiece =
  | { readonly done: true }
  | { readonly done: false; readonly bytes: Uint8Array }
  | { readonly done: false; readonly records: Records }
  | { readonly done: false; readonly missing: DamageRange };

export interface Opened {
  readonly request: OpenRequest;
  readonly status: StoreStatus & StorageFacts;
}

/** Method → arguments and result. Numbers called `stream` name an open source or sink. */
export interface ControlCalls {
  /** What is not given is assumed; the answer says what holds. Again: what is given must agree. */
  open(name: string, request: GivenRequest): Opened;
  status(): StoreStatus & StorageFacts;
  flush(): number;
  checkpoint(state: Uint8Array, upTo: number): void;
  readState(): { readonly state: Uint8Array; readonly coveredLsn: number } | null;
  trim(before: number): void;
  layout(): StoreLayout;
  batches(slot: number): readonly BatchLayout[];
  /** The page is being frozen or hidden: give the files back; the next call takes them again. */
  park(): void;
  close(): void;
  listStores(): readonly StoreListing[];
  deleteStore(name: string): void;
  openSource(what: 'export' | 'salvage'): number;
  pull(stream: number): SourcePiece;
  /** A sink for one record; an append message that names it ends it. */
  openUnit(): number;
  openImport(name: string): number;
  write(stream: number, bytes: Uint8Array): void;
  endImport(stream: number): void;
  /** Ends a source or sink that was not read or written to its end. Unknown numbers are fine. */
  dropStream(stream: number): void;
}

/** Methods and their signatures: {@link ControlCalls}, or what another kind of engine offers. */
export type CallTable<C> = { readonly [M in keyof C]: (...args: never[]) => unknown };

export type ControlMethod = keyof ControlCalls;

export interface ControlRequest<M extends ControlMethod = ControlMethod> {
  readonly method: M;
  readonly args: Parameters<ControlCalls[M]>;
}

export type ControlAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: WireError };

/** What the worker exposes to comlink: one method, for requests of its kind of engine. */
export interface ControlRoot {
  call(request: {
    readonly method: string;
    readonly args: readonly unknown[];
  }): Promise<ControlAnswer<unknown>>;
}
