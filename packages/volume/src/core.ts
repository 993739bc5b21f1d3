/**
 * All of an open volume that a fault may void: the maps, what waits to be applied, the records on
 * their way. Loaded at opening, and anew after every fault: nothing in memory survives one.
 *
 * Always true:
 * - the state is what the records up to `records.lastLsn` amount to
 * - a checkpoint's order is: journal flushed → images applied → `data` flushed → blocks written to
 *   fresh places → `meta` flushed → header in both superblocks → what it let go of is free
 */
import type { Store } from '@varve/journal';
import type { VarveError } from '@varve/protocol';
import { encodeHeader } from './header.ts';
import { type CompleteOptions, DIRTY_BYTES_MAX, OVERLAY_BYTES_MAX } from './options.ts';
import { BLOCK_BYTES } from './format.ts';
import type { Plan } from './planner.ts';
import { Records } from './records.ts';
import { replay, type Replayed } from './replay.ts';
import { SharedChunks } from './shared-chunks.ts';
import { VolumeState } from './state.ts';
import { VolumeFiles } from './volume-files.ts';
import type { Base, OpenFiles } from './place.ts';

export class Core {
  readonly state: VolumeState;
  readonly files: VolumeFiles;
  readonly records: Records;
  readonly replayed: Replayed;
  readonly shared: SharedChunks | undefined;
  /** Everything up to here survives a crash. */
  durableLsn: number;
  directBytes = 0;
  checkpoints = 0;
  checkpointLsn: number;
  private bytesAtCheckpoint: number;
  private readonly store: Store;
  private readonly options: CompleteOptions;

  /** @throws VarveError CORRUPT, IO_ERROR, BAD_ARGUMENT, UNSUPPORTED_VERSION */
  constructor(
    store: Store,
    opened: OpenFiles,
    { header, coveredLsn }: Base,
    options: CompleteOptions,
    fail: (cause: VarveError) => void,
  ) {
    this.store = store;
    this.options = options;
    this.files = new VolumeFiles(opened.data, opened.meta);
    this.state = new VolumeState(header, this.files, options.cacheBytes);
    this.state.claimPlaces();
    this.replayed = replay(store, this.state, this.files, coveredLsn);
    const { lastLsn } = store.status();
    this.records = new Records(store, this.files, lastLsn, fail);
    this.durableLsn = lastLsn;
    this.checkpointLsn = coveredLsn;
    this.bytesAtCheckpoint = -this.replayed.bytes;
    if (options.dedup) this.shared = new SharedChunks(this.files, header.chunkBytes);
  }

  get bytesSinceCheckpoint(): number {
    return this.records.bytes - this.bytesAtCheckpoint;
  }

  get isCheckpointDue(): boolean {
    const { blocks, pool, chunkBytes } = this.state;
    return (
      this.bytesSinceCheckpoint >= this.options.checkpointEveryBytes ||
      // What is overwritten comes free at a checkpoint only: without one the pool grows instead.
      pool.quarantine.size * chunkBytes >= this.options.checkpointEveryBytes ||
      blocks.dirtyCount * BLOCK_BYTES > DIRTY_BYTES_MAX
    );
  }

  /**
   * Writes to the pool what goes there at once, then does in memory what the group says, and queues
   * its record. @throws VarveError when nothing was changed, or all in memory is void
   */
  issue(
    { group, direct }: Plan,
    durability: 'strict' | 'relaxed',
    voided: (cause: unknown) => VarveError,
  ): Promise<void> {
    const frames = Records.frame(group);
    this.files.writeData(direct);
    for (const { bytes } of direct) this.directBytes += bytes.length;
    const lsn = this.records.lastLsn + 1;
    try {
      for (const redo of group) this.state.apply(redo, lsn);
      this.state.blocks.trim();
    } catch (cause) {
      throw voided(cause);
    }
    this.noteShared(group);
    return this.records.push(frames, durability, direct.length > 0);
  }

  private noteShared(group: Plan['group']): void {
    const { shared } = this;
    if (shared === undefined) return;
    for (const redo of group) {
      if (redo.op === 'image') shared.note(redo.digest, redo.physical);
      else if (redo.op === 'map') {
        redo.digests.forEach((digest, index) => shared.note(digest, redo.physical + index));
      }
    }
  }

  /** Applies durable images when too many wait. @throws VarveError */
  relieve(): void {
    if (this.state.overlay.bytes > OVERLAY_BYTES_MAX) {
      this.state.overlay.apply(this.files, this.durableLsn);
    }
  }

  /** What of a checkpoint can be done while others write. True: nothing of it is left. */
  prepareCheckpoint(sliceBytes: number): boolean {
    return this.state.overlay.apply(this.files, this.durableLsn, sliceBytes);
  }

  /** While nothing is issued. @throws VarveError: all in memory is void */
  async checkpoint(): Promise<void> {
    const { state, files, records, store } = this;
    await records.flush();
    // What was voided since must not get into a header.
    records.demandNotStopped();
    const upTo = records.lastLsn;
    if (upTo === this.checkpointLsn && state.blocks.dirtyCount === 0) return;
    // All of the journal is durable now: every image may be applied.
    state.overlay.apply(files, upTo);
    files.flushData();
    const header = state.write();
    state.blocks.flush();
    await store.checkpoint(encodeHeader(header), upTo);
    state.blocks.settle();
    state.pool.liftQuarantine();
    this.checkpointLsn = upTo;
    this.bytesAtCheckpoint = records.bytes;
    this.checkpoints++;
  }
}
