/**
 * A volume's files beside its journal, opened to be looked at.
 *
 * Always true: no byte is written, no lock is taken; what is missing or damaged is said in `problem`,
 * and the rest can still be looked at.
 */
import fs from 'node:fs';
import path from 'node:path';
import { isVarveError, type VolumeLayout } from '@varve/protocol';
import type { Chunk, ReadRequest } from '@varve/journal';
import { Blocks, type ReadOnlyJournal, readStateAt, readUnitPart } from '@varve/journal/inspect';
import {
  DATA_FILE,
  isHeader,
  META_FILE,
  OfflineVolume,
  type RecordSource,
} from '@varve/volume/inspect';
import { ReadOnlyFile } from './read-only-file.ts';
import type { StoreView } from './store-view.ts';

const WINDOW_BYTES = 131_072;

export class VolumeView {
  readonly dataBytes: number | undefined;
  readonly metaBytes: number | undefined;
  /** Undefined: `problem` says why. */
  readonly volume: OfflineVolume | undefined;
  /** Why nothing, or only the structure as of the last checkpoint, can be looked at. */
  readonly problem: Error | undefined;
  private readonly files: ReadOnlyFile[] = [];
  private drawn: VolumeLayout | undefined;

  /** Undefined: this store holds no volume. */
  static of(view: StoreView): VolumeView | undefined {
    // An export is of the journal alone.
    if (view.source.kind === 'export') return undefined;
    const stored = storedState(view);
    // A volume that was begun counts as made with its first header.
    if (stored === undefined) return undefined;
    const isVolume = stored instanceof Error ? hasVolumeFiles(view) : isHeader(stored.state);
    return isVolume ? new VolumeView(view, stored) : undefined;
  }

  private constructor(view: StoreView, stored: StoredState | Error) {
    const data = this.file(view, DATA_FILE);
    const meta = this.file(view, META_FILE);
    this.dataBytes = data?.realBytes;
    this.metaBytes = meta?.realBytes;
    this.problem = stored instanceof Error ? stored : lacking(data, meta);
    if (stored instanceof Error || data === undefined || meta === undefined) return;
    try {
      const records = view.recovered === undefined ? undefined : recordsOf(view.journal());
      this.volume = new OfflineVolume({ stored, records, data, meta });
      this.problem = this.volume.replayError ?? view.recoveryError;
    } catch (error) {
      if (!isVarveError(error)) throw error;
      this.problem = error;
    }
  }

  private file({ source }: StoreView, name: string): ReadOnlyFile | undefined {
    const place = path.join(path.dirname(source.journalPath), name);
    if (!fs.existsSync(place)) return undefined;
    const file = new ReadOnlyFile(place);
    this.files.push(file);
    return file;
  }

  /** Whether chunks can be compared with their digests: the maps are as new as the chunks. */
  get isCurrent(): boolean {
    return this.volume !== undefined && this.problem === undefined;
  }

  /** What stands in its metadata. Undefined: there is no volume to look at. */
  get layout(): VolumeLayout | undefined {
    this.drawn ??= this.volume?.layout();
    return this.drawn;
  }

  /** Which maps have blocks that do not verify, if any. */
  get damagedMaps(): string | undefined {
    const maps = Object.entries(this.layout?.maps ?? {});
    const damaged = maps.filter(([, map]) => map.damaged > 0).map(([name]) => name);
    return damaged.length === 0 ? undefined : `damaged maps: ${damaged.join(', ')}`;
  }

  /** Changes whenever anybody writes to the files. */
  get changeMark(): string {
    return this.files.map(({ changeMark }) => changeMark).join();
  }

  close(): void {
    for (const file of this.files) file.close();
  }
}

const hasVolumeFiles = ({ source }: StoreView): boolean =>
  fs.existsSync(path.join(path.dirname(source.journalPath), META_FILE));

type StoredState = ReturnType<typeof readStateAt>;

/** The state of the last checkpoint, or why it cannot be read; undefined: there was none. */
function storedState(view: StoreView): StoredState | Error | undefined {
  const { stateSegment, stateOffset } = view.superblock;
  if (stateSegment === 0) return undefined;
  try {
    const blocks = new Blocks(view.file, view.geometry, WINDOW_BYTES);
    return readStateAt(view, blocks, stateSegment, stateOffset);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function lacking(
  data: ReadOnlyFile | undefined,
  meta: ReadOnlyFile | undefined,
): Error | undefined {
  const gone = [data === undefined && DATA_FILE, meta === undefined && META_FILE].filter(Boolean);
  return gone.length === 0 ? undefined : new Error(`the volume’s ${gone.join(' and ')} is gone`);
}

function recordsOf(journal: ReadOnlyJournal): RecordSource {
  const readChunk = ({ after, before, maxBytes }: ReadRequest): Chunk => {
    const upTo = Math.min(journal.lastLsn, (before ?? Number.MAX_SAFE_INTEGER) - 1);
    if (after >= upTo) return { bytes: new Uint8Array(0), runs: [], done: true };
    return journal.read({ after, upTo, maxBytes }, false);
  };
  return {
    readChunk,
    readUnit: (lsn, at, maxBytes) => readUnitPart(journal, readChunk, lsn, at, maxBytes),
  };
}
