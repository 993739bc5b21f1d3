/**
 * A volume's metadata as it stands, for tools: every block of the maps, and what is not in them.
 *
 * Always true:
 * - nothing is changed, and leaves stay out of the cache: what is not dirty is read from the disk
 * - it is looked at in one go, so that no change falls in between
 * - a block that does not verify is told without its bytes, and nothing is told of what lies below it
 */
import { isVarveError } from '@varve/protocol';
import type { MetadataBlock, VolumeMetadata } from '@varve/protocol';
import { unlessDamaged } from './checker.ts';
import { BlockKind } from './format.ts';
import type { VolumeState } from './state.ts';

/** @throws VarveError IO_ERROR */
export function metadataOf(state: VolumeState, first: number, count: number): VolumeMetadata {
  const { blocks, chunkBytes, exceptions, origin, pool, sizeBytes, snapshots } = state;
  const told: MetadataBlock[] = [];
  let blocksTotal = 0;
  let isDamaged = false;
  for (const [kind, map] of [
    [BlockKind.Exceptions, exceptions],
    [BlockKind.Origin, origin],
    [BlockKind.References, pool.references],
  ] as const) {
    for (const { level, id, ref, from, to } of map.walk(() => !isDamaged)) {
      const { place } = ref;
      const block = unlessDamaged(() =>
        // What stands nowhere is dirty, and stays in memory.
        place === 0 ? blocks.cached(id)! : blocks.read(kind, level, id, ref),
      );
      isDamaged = isVarveError(block);
      // What is handed out may be given away, and a dirty block goes on being changed.
      const bytes = isVarveError(block) ? null : block.bytes.slice();
      if (blocksTotal++ >= first && told.length < count)
        told.push({ kind, level, from, to, place, bytes });
    }
  }
  blocks.trim();
  return {
    blocks: told,
    blocksTotal,
    sizeBytes,
    chunkSizeBytes: chunkBytes,
    extentChunks: pool.counts.extentChunks,
    quarantine: [...pool.quarantine.values()],
    placesEnd: blocks.usedPlaces + blocks.freePlaces,
    placesLeft: blocks.unsettledPlaces,
    snapshots,
    locks: null,
  };
}
