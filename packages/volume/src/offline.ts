/**
 * A volume on its disk, only looked at: its header, and the records behind it replayed in memory.
 *
 * Always true:
 * - nothing is written: images stay in memory, dirty blocks too
 * - what is damaged is a field here; where the records cannot be replayed the maps are those of the last
 *   checkpoint, of which the structure can be checked, and the chunks' bytes cannot
 */
import type { SyncFile } from '@varve/files';
import { isVarveError, type VarveError, type VolumeLayout } from '@varve/protocol';
import { check } from './checker.ts';
import { type Header, decodeHeader, type Snapshot } from './header.ts';
import { layoutOf } from './layout.ts';
import { metadataOf } from './metadata.ts';
import { type RecordSource, replay, type Replayed } from './replay.ts';
import { VolumeState } from './state.ts';
import { VolumeFiles } from './volume-files.ts';
import type { CheckOptions, CheckReport } from './volume-port.ts';

const CACHE_BYTES = 32 * 1_048_576;

export interface OfflineSource {
  /** The state of the journal's checkpoint, and up to where it stands for the records. */
  readonly stored: { readonly state: Uint8Array; readonly coveredLsn: number };
  /** Undefined: the journal is damaged, its records do not count. */
  readonly records: RecordSource | undefined;
  readonly data: SyncFile;
  readonly meta: SyncFile;
}

export interface OfflineFacts {
  readonly header: Header;
  readonly sizeBytes: number;
  readonly snapshots: readonly Snapshot[];
  readonly restore: Header['restore'];
  readonly deleteCursor: number;
  readonly pool: {
    readonly capacityChunks: number;
    readonly extentChunks: number;
    readonly usedChunks: number;
    /** Of the extent. */
    readonly freeChunks: number;
    /** Let go of since the checkpoint. */
    readonly quarantinedChunks: number;
  };
  readonly metaPlaces: { readonly used: number; readonly free: number };
  /** Records behind the checkpoint, and what of them waits to be applied. */
  readonly replayed: Replayed;
  readonly imagesWaiting: number;
}

export class OfflineVolume {
  readonly header: Header;
  readonly coveredLsn: number;
  /** Why the records behind the checkpoint do not count here. */
  readonly replayError: VarveError | undefined;
  private readonly replayed: Replayed;
  private readonly state: VolumeState;
  private readonly files: VolumeFiles;

  /** @throws VarveError CORRUPT (the header), UNSUPPORTED_VERSION, BAD_ARGUMENT (no volume), IO_ERROR */
  constructor({ stored, records, data, meta }: OfflineSource) {
    this.header = decodeHeader(stored.state);
    this.coveredLsn = stored.coveredLsn;
    this.files = new VolumeFiles(data, meta);
    const state = this.loaded();
    try {
      if (records === undefined) {
        this.replayed = { records: 0, bytes: 0 };
        this.state = state;
        return;
      }
      this.replayed = replay(records, state, undefined, stored.coveredLsn);
      this.state = state;
    } catch (error) {
      if (!isVarveError(error) || error.code === 'IO_ERROR') throw error;
      // What was changed so far is void with it.
      this.replayError = error;
      this.replayed = { records: 0, bytes: 0 };
      this.state = this.loaded();
    }
  }

  private loaded(): VolumeState {
    const state = new VolumeState(this.header, this.files, CACHE_BYTES);
    try {
      state.claimPlaces();
    } catch (error) {
      // The check says which block it is.
      if (!isVarveError(error, 'CORRUPT')) throw error;
    }
    return state;
  }

  /** Everything that `Volume.check` compares. */
  check(options: CheckOptions = {}): Promise<CheckReport> {
    return check(
      () => ({ state: this.state, files: this.files }),
      options,
      () => Promise.resolve(),
    );
  }

  /** What stands in the metadata: a damaged block is part of the picture. @throws VarveError IO_ERROR */
  layout(): VolumeLayout {
    return layoutOf(metadataOf(this.state, 0, Infinity));
  }

  facts(): OfflineFacts {
    const { state } = this;
    const { counts, capacityChunks, quarantine } = state.pool;
    return {
      header: this.header,
      sizeBytes: state.sizeBytes,
      snapshots: state.snapshots,
      restore: state.restore,
      deleteCursor: state.deleteCursor,
      pool: {
        capacityChunks,
        extentChunks: counts.extentChunks,
        usedChunks: counts.usedChunks,
        freeChunks: counts.extentChunks - counts.usedChunks - quarantine.size,
        quarantinedChunks: quarantine.size,
      },
      metaPlaces: { used: state.blocks.usedPlaces, free: state.blocks.freePlaces },
      replayed: this.replayed,
      imagesWaiting: state.overlay.size,
    };
  }
}
