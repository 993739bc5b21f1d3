/**
 * Bugs that the runs of this folder must notice, each a small patch of one file; `by` and `seed` say
 * which run shows it soonest.
 */
import type { PlantedBug } from '@varve/journal/crash';

export interface PlantedVolumeBug extends PlantedBug {
  readonly by: 'crash' | 'fault' | 'model' | 'tree';
  /** The first seed, or case of each profile, to try. */
  readonly seed: number;
  /** `npm run crash -- --subject volume` must notice it, too. */
  readonly inLane: boolean;
}

type Given = Omit<PlantedVolumeBug, 'package' | 'inLane'> & { readonly inJournal?: true };

/** The journal must refuse one record of a turn and take the next: too rare in workloads so short. */
const NOT_IN_LANE = new Set(['records behind a refused one are appended']);

const BUGS: readonly Given[] = [
  {
    name: 'a map record is appended before the chunks it names are flushed',
    file: 'records.ts',
    find: 'if (this.hasDirect) this.files.flushData();',
    replace: '',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'flushing the pool does nothing',
    file: 'volume-files.ts',
    find: "flushFile(this.data, 'data');",
    replace: '',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'flushing the metadata does nothing',
    file: 'volume-files.ts',
    find: "flushFile(this.meta, 'meta');",
    replace: '',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'a checkpoint covers images that are applied and not flushed',
    file: 'core.ts',
    find: 'state.overlay.apply(files, upTo);\n    files.flushData();',
    replace: 'state.overlay.apply(files, upTo);',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'images are applied before their records are durable',
    file: 'overlay.ts',
    find: 'if (lsn > durableLsn) continue;',
    replace: '',
    by: 'crash',
    seed: 5,
  },
  {
    name: 'a checkpoint applies images before it flushes the journal',
    file: 'core.ts',
    find: '    await records.flush();\n',
    replace: '    state.overlay.apply(files, records.lastLsn); await records.flush();\n',
    by: 'crash',
    seed: 5,
  },
  {
    name: 'freed chunks are not put into quarantine',
    file: 'pool.ts',
    find: 'this.quarantine.add(physical);',
    replace: '',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'the search for free chunks passes over the quarantine',
    file: 'pool.ts',
    find: 'if (isUnused && !this.quarantine.has(physical)) return physical;',
    replace: 'if (isUnused) return physical;',
    by: 'model',
    seed: 2,
  },
  {
    name: 'the place of a metadata block is free as soon as it is left',
    file: 'blocks.ts',
    find: 'if (block.place !== 0) this.freedLater.push(block.place);',
    replace:
      'if (block.place !== 0) { this.used.delete(block.place); this.lowestFree = Math.min(this.lowestFree, block.place); }',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'what a checkpoint lets go of is free when one superblock knows',
    inJournal: true,
    file: 'journal.ts',
    find: '    this.history.apply();\n    this.writeBoth();',
    replace: '    this.history.apply();\n    this.writeSuperblock();',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'calls are acknowledged when they are written',
    file: 'volume.ts',
    find: "this.core.issue(planned, 'strict',",
    replace: "this.core.issue(planned, 'relaxed',",
    by: 'crash',
    seed: 0,
  },
  {
    name: 'the mask is not carried over: who shares a pair loses it with one of them',
    file: 'state.ts',
    find: 'if (!isEmpty(mask)) return [{ ...pair, mask }];',
    replace: '',
    by: 'model',
    seed: 1,
  },
  {
    name: 'only the newest snapshot keeps what the origin had',
    file: 'state.ts',
    find: 'this.exceptions.set(chunk, [...pairs, { mask: lacking, ...old }]);',
    replace:
      'this.exceptions.set(chunk, [...pairs, { mask: bitMask(this.snapshots.findLast((s) => !s.isDying && hasBit(lacking, s.bit))!.bit), ...old }]);',
    by: 'model',
    seed: 1,
  },
  {
    name: 'snapshots of a hole are not kept from what is written there',
    file: 'state.ts',
    find: 'if (isHole(old) && isHole(value)) return;',
    replace: 'if (isHole(old)) { this.setOrigin(chunk, value); return; }',
    by: 'model',
    seed: 1,
  },
  {
    name: 'a chunk that snapshots share is changed in place',
    file: 'state.ts',
    find: '? isEmpty(this.lacking(pairs))',
    replace: '? pairs.length >= 0',
    by: 'model',
    seed: 1,
  },
  {
    name: 'a chunk that equal chunks share is changed in place',
    file: 'state.ts',
    find: 'return isAlone && this.pool.referencesOf(physical) === 1 ? physical : -1;',
    replace: 'return isAlone ? physical : -1;',
    by: 'model',
    seed: 1,
  },
  {
    name: 'a chunk is shared that the same group lets go of',
    file: 'planner.ts',
    find: 'if (equal === undefined || leaving.has(equal)) written',
    replace: 'if (equal === undefined) written',
    by: 'model',
    seed: 5095,
  },
  {
    name: 'the cursor of a deletion is not in the header',
    file: 'state.ts',
    find: '      deleteCursor: this.deleteCursor,',
    replace: '      deleteCursor: 0,',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'a deletion or restore is not resumed at opening',
    file: 'life.ts',
    find: 'this.work.loaded();',
    replace: '',
    by: 'crash',
    seed: 0,
  },
  {
    name: 'a deletion leaves its bit in the masks',
    file: 'state.ts',
    find: 'this.exceptions.set(chunk, this.withoutBit(pairs, bit));',
    replace: '',
    by: 'model',
    seed: 1,
  },
  {
    name: 'a restore forgets the snapshots that saw the origin',
    file: 'state.ts',
    find: 'else kept.push({ mask: lacking, ...old });',
    replace: 'else this.release(old);',
    by: 'model',
    seed: 1,
  },
  {
    name: 'the origin is not read through the snapshot that is being restored',
    file: 'state.ts',
    find: 'return isSettled ? this.originAt(chunk) : this.snapshotValue(restore.bit, chunk);',
    replace: 'return this.originAt(chunk);',
    by: 'model',
    seed: 1,
  },
  {
    name: 'shrinking leaves old bytes behind the end',
    file: 'changes.ts',
    find: 'if (from === 0 || sizeBytes >= state.sizeBytes) return changes;',
    replace: 'if (sizeBytes >= 0) return changes;',
    by: 'model',
    seed: 6,
  },
  {
    name: 'a trim takes whole chunks of which it covers the beginning',
    file: 'changes.ts',
    find: 'return from === 0 && to >= visible;',
    replace: 'return from === 0;',
    by: 'model',
    seed: 1,
  },
  {
    name: 'records behind a refused one are appended',
    file: 'records.ts',
    find: 'this.store\n      .append({ frames, durability, expect: lsn - 1 })',
    replace: 'this.store\n      .append({ frames, durability })',
    by: 'fault',
    seed: 23,
  },
  {
    name: 'a failed flush of the pool or the metadata is passed over',
    file: 'volume-files.ts',
    find: "    throw failedIo(cause, 'flushing', { file: name });",
    replace: '',
    by: 'fault',
    seed: 4,
  },
  {
    name: 'a short write is passed over',
    file: 'volume-files.ts',
    find: '  if (moved !== bytes.length) {',
    replace: '  if (moved < 0) {',
    by: 'fault',
    seed: 35,
  },
  {
    name: 'after a fault what was in memory is kept',
    file: 'life.ts',
    find: 'await this.load();\n        this.onEvent(',
    replace: "this.state = 'open';\n        this.onEvent(",
    by: 'fault',
    seed: 1,
  },
  {
    name: 'a node’s bound is lost with its first child',
    file: 'exceptions.ts',
    find: 'if (slot === 0 && count > 1) writeU32(node.bytes, entryAt(1), firstChunk(node, 0));',
    replace: '',
    by: 'tree',
    seed: 6,
  },
  {
    name: 'a join leaves the right neighbour’s entry',
    file: 'exceptions.ts',
    find: '    removeEntry(parent, slot + 1);\n    return true;',
    replace: '    return true;',
    by: 'tree',
    seed: 1,
  },
];

export const PLANTED_BUGS: readonly PlantedVolumeBug[] = BUGS.map(({ inJournal, ...bug }) => ({
  ...bug,
  inLane: !NOT_IN_LANE.has(bug.name),
  ...(inJournal !== true && { package: 'volume' }),
}));
