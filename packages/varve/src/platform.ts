/** What a page and Node do differently. Everything else in this package is the same in both. */
import type { VarveError } from '@varve/protocol';
import type { EngineProcess } from './engine-client.ts';

export interface Platform {
  /** Stores of different places may have the same name. */
  readonly place: string;
  /** @throws CONTEXT_UNSUPPORTED, WORKER_LOAD_FAILED */
  startEngine(): EngineProcess;
  /** What of storage is refused here, asked beside the engine's start; undefined: nothing. */
  refusal(): Promise<VarveError | undefined>;
  /** Asks the browser not to evict this origin. */
  persist(): Promise<void>;
  /** `park` when the page is hidden for good or frozen, `wake` when it comes back; returns how to stop. */
  watchPage(park: () => void, wake: () => void): () => void;
}
