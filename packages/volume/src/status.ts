/** `status()` of a volume, put together from those who own the facts. */
import type { VolumeLife } from './life.ts';
import type { VolumeStatus } from './volume-port.ts';

export function statusOf(life: VolumeLife, writtenBytes: number): VolumeStatus {
  const { core } = life;
  const { state, files } = core;
  const { counts, capacityChunks, quarantine, freeChunks } = state.pool;
  const { blocks, overlay } = state;
  const store = life.store.status();
  return {
    name: life.name,
    state: life.state,
    role: store.role,
    generation: store.generation,
    sizeBytes: state.sizeBytes,
    chunkSizeBytes: state.chunkBytes,
    capacityChunks,
    usedChunks: counts.usedChunks,
    freeChunks,
    quarantinedChunks: quarantine.size,
    snapshots: state.snapshots.filter(({ isDying }) => !isDying).length,
    exceptions: state.exceptions.count,
    metaBlocks: { used: blocks.usedPlaces, free: blocks.freePlaces, dirty: blocks.dirtyCount },
    cache: { bytes: blocks.cachedBytes, hits: blocks.hits, misses: blocks.misses },
    journalBytesSinceCheckpoint: core.bytesSinceCheckpoint,
    checkpointLsn: core.checkpointLsn,
    overlayChunks: overlay.size,
    work: life.work.list(),
    counters: {
      writtenBytes: writtenBytes,
      journalBytes: core.records.bytes,
      dataDirectBytes: core.directBytes,
      dataAppliedBytes: overlay.appliedBytes,
      metaBytes: files.metaWrittenBytes,
      dataFlushes: files.dataFlushes,
      metaFlushes: files.metaFlushes,
      checkpoints: core.checkpoints,
      redirects: state.redirects,
      dedupHits: core.shared?.hits ?? 0,
    },
    store,
  };
}
