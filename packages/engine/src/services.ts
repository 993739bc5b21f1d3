/**
 * What an engine is given by its entry: a place for files, and the journal. Everything else in this
 * package is the same in a browser's worker, a Node worker and a test.
 */
import type { Host, Timers } from '@varve/files';
import type { StoreOptions, StorePort } from '@varve/journal';
import type { Gathering } from './gathering.ts';
import type { Volume, VolumeOptions } from '@varve/volume';
import type { Port, StorageFacts, StoreEvent, StoreListing, VarveError } from '@varve/protocol';

export interface EngineServices {
  /** @throws STORAGE_DENIED with the part that is refused */
  durableHost(): Promise<Host>;
  /** Was it a refusal of storage that made opening fail? Then STORAGE_DENIED naming the part. */
  refusal(error: unknown): Promise<VarveError | undefined>;
  /** One per engine: stores in it live as long as the worker. */
  memoryHost(): Host;
  /** Absent: nobody says anything of the place. */
  storageFacts?(): Promise<StorageFacts>;
  readonly timers: Timers;
  /** The thread is there for this engine: it may stand still for a moment. Absent: it may not. */
  readonly mayStandStill?: boolean;
  /** Where several clients' appends meet. Absent: each is committed by itself. */
  readonly gathering?: Gathering;
  /** Name of a lock held for the worker's life, or undefined where there are no locks. */
  readonly lifeLock: string | undefined;
  /** Brings the engine together with those of other tabs. Absent: not needed here. */
  introduce?(introducer: Port): void;
  /** It follows: what taking the store over needs may be made ready. Absent: nothing is. */
  rehearse?(host: Host, name: string): void;
  openStore(
    host: Host,
    name: string,
    options: StoreOptions,
    onEvent: (event: StoreEvent) => void,
  ): Promise<StorePort>;
  listStores(host: Host): Promise<readonly StoreListing[]>;
  deleteStore(host: Host, name: string): Promise<void>;
  importStore(host: Host, name: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

/** What an engine that serves volumes has besides. */
export interface VolumeServices {
  openVolume(host: Host, name: string, options: VolumeOptions): Promise<Volume>;
}
