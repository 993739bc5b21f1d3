/**
 * What stands in a volume's metadata, for a picture of it: every block of the maps, who has each chunk
 * of the pool, what each place of `meta` holds.
 *
 * Always true:
 * - nothing is changed, and leaves stay out of the cache: what is not dirty is read from the disk
 * - it is looked at in one go, so that no change falls in between
 * - a damaged block is drawn as one; what it alone could have told is said to be unknown
 */
import { readU16, readU32 } from '@varve/bytes';
import { isVarveError } from '@varve/protocol';
import type { BlockLayout, LayoutWindow, MapLayout, VolumeLayout } from '@varve/protocol';
import { BitSet } from './bit-set.ts';
import { type Block, countOf } from './blocks.ts';
import { unlessDamaged } from './checker.ts';
import type { Exceptions } from './exceptions.ts';
import { BLOCK_BODY_BYTES, BlockKind, NODE_FANOUT, RADIX_FANOUT } from './format.ts';
import { chunkAt, pairsAt, usedBytes } from './leaf.ts';
import { isEmpty, onlyBit } from './mask.ts';
import type { RadixTable } from './radix.ts';
import type { VolumeState } from './state.ts';

type Drawn = { -readonly [Field in keyof BlockLayout]: BlockLayout[Field] };
/** Adds to the picture of a leaf what it holds. */
type Look = (leaf: Block, drawn: Drawn) => void;

interface Found {
  readonly map: MapLayout;
  /** Blocks that do not verify. */
  readonly lost: readonly Drawn[];
}

/** What is found out of a physical chunk; the first two, added, are an index of `USE_LETTERS`. */
const BY_ORIGIN = 1;
const BY_SNAPSHOTS = 2;
const BY_WHOM_ELSE = 4;
const IN_USE = 8;
const USE_LETTERS = '?os+';

/** By kind of block. */
const PLACE_LETTERS = '?ore';

export function layoutOf(
  state: VolumeState,
  { blocks: blocksMax, first, count }: LayoutWindow,
): VolumeLayout {
  const { blocks, exceptions, live, origin, pool, snapshots } = state;
  const { references, quarantine } = pool;
  const { extentChunks } = pool.counts;
  const uses = new Uint8Array(Math.max(0, Math.min(count, extentChunks - first)));
  const places: string[] = [];
  const ownChunks: number[] = [];
  /** Chunks whose value in the origin's map no live snapshot sees. */
  const hidden = new BitSet();

  /** What lies outside of the window, or is a hole, is not noted: there is no room for it. */
  const see = (physical: number, what: number): void => {
    uses[physical - first]! |= what;
  };
  const find = (kind: BlockKind, map: RadixTable | Exceptions, end: number, look: Look): Found =>
    drawMap(state, kind, map, end, blocksMax, places, look);

  const sizes = [state, ...snapshots].map(({ sizeBytes }) => sizeBytes);
  const chunks = state.chunksIn(Math.max(...sizes));
  // Who sees the origin's values shows in what the snapshots have instead: that comes first.
  const ofPairs = find(BlockKind.Exceptions, exceptions, chunks, (leaf, drawn) => {
    drawn.fill = usedBytes(leaf) / BLOCK_BODY_BYTES;
    for (; drawn.entries < countOf(leaf); drawn.entries++) {
      const pairs = pairsAt(leaf, drawn.entries);
      if (isEmpty(state.lacking(pairs))) hidden.add(chunkAt(leaf, drawn.entries));
      for (const { mask, physicalPlus1 } of pairs) {
        const bit = onlyBit(mask);
        drawn.values++;
        if (bit < 0) drawn.shared++;
        else if (physicalPlus1 > 0) ownChunks[bit] = (ownChunks[bit] ?? 0) + 1;
        see(physicalPlus1 - 1, BY_SNAPSHOTS);
      }
    }
  });
  const lookAtOrigin = entriesOf(origin, readU32, (chunk, physicalPlus1) => {
    const isHidden = isEmpty(live) || hidden.has(chunk);
    const isShared = !isHidden && !isIn(ofPairs.lost, chunk);
    const byWhom = isShared ? BY_ORIGIN | BY_SNAPSHOTS : isHidden ? BY_ORIGIN : BY_WHOM_ELSE;
    see(physicalPlus1 - 1, byWhom);
    return isShared;
  });
  const ofOrigin = find(BlockKind.Origin, origin, chunks, lookAtOrigin);
  const lookAtCounts = entriesOf(references, readU16, (physical, times) => {
    see(physical, times > 1 ? IN_USE | BY_ORIGIN | BY_SNAPSHOTS : IN_USE);
    return times > 1;
  });
  const ofCounts = find(BlockKind.References, references, extentChunks, lookAtCounts);

  const useLetter = (use: number, at: number): string => {
    if (quarantine.has(first + at)) return 'q';
    const isCounted = use >= IN_USE || isIn(ofCounts.lost, first + at);
    // What somebody has and nobody counts is for the check to judge.
    return isCounted ? (USE_LETTERS[use % IN_USE] ?? '?') : use === 0 ? '.' : '?';
  };
  const isWhole = [ofPairs, ofOrigin, ofCounts].every(({ lost }) => lost.length === 0);
  const placeLetter = (_: unknown, at: number): string =>
    places[at + 1] ?? (!isWhole ? '?' : blocks.isUsed(at + 1) ? 'x' : '.');
  const placesEnd = Math.max(places.length - 1, blocks.usedPlaces + blocks.freePlaces);
  blocks.trim();
  return {
    maps: { origin: ofOrigin.map, exceptions: ofPairs.map, references: ofCounts.map },
    pool: { extentChunks, first, uses: Array.from(uses, useLetter).join('') },
    places: Array.from({ length: Math.min(placesEnd, count) }, placeLetter).join(''),
    snapshots: snapshots.map((each) => ({ ...each, ownChunks: ownChunks[each.bit] ?? 0 })),
    locks: null,
  };
}

/**
 * @param end of the numbers that the map may be asked for
 * @param places gets the letter of each block's place
 */
function drawMap(
  { blocks }: VolumeState,
  kind: BlockKind,
  map: RadixTable | Exceptions,
  end: number,
  blocksMax: number,
  places: string[],
  look: Look,
): Found {
  const fanout = kind === BlockKind.Exceptions ? NODE_FANOUT : RADIX_FANOUT;
  const list: Drawn[] = [];
  const lost: Drawn[] = [];
  /** By level, the last one that was met: it is above all of the next level, until another comes. */
  const above: (Drawn | undefined)[] = [];
  let total = 0;
  let isDamaged = false;
  for (const { level, id, ref, from, to } of map.walk(() => !isDamaged)) {
    const { place } = ref;
    const block = unlessDamaged(() =>
      // What stands nowhere is dirty, and stays in memory.
      place === 0 ? blocks.cached(id)! : blocks.read(kind, level, id, ref),
    );
    isDamaged = isVarveError(block);
    const drawn = {
      level,
      from,
      to: Math.min(to, end),
      place,
      entries: 0,
      values: 0,
      shared: 0,
      fill: 0,
      isDamaged,
    };
    above[level] = drawn;
    const parent = above[level + 1];
    if (parent !== undefined) parent.fill = ++parent.entries / fanout;
    if (isVarveError(block)) lost.push(drawn);
    else if (level === 0) look(block, drawn);
    places[place] = PLACE_LETTERS[kind]!;
    if (total++ < blocksMax) list.push(drawn);
  }
  return { map: { height: map.height, blocks: total, damaged: lost.length, list }, lost };
}

/** @param visit what is not zero; true: it is shared */
function entriesOf(
  table: RadixTable,
  read: (bytes: Uint8Array, at: number) => number,
  visit: (number: number, value: number) => boolean,
): Look {
  const { leafEntries } = table;
  return ({ bytes }, drawn) => {
    for (let entry = 0; entry < leafEntries; entry++) {
      const value = read(bytes, table.offsetOf(entry));
      if (value === 0) continue;
      drawn.values = ++drawn.entries;
      drawn.fill = drawn.entries / leafEntries;
      if (visit(drawn.from + entry, value)) drawn.shared++;
    }
  };
}

const isIn = (ranges: readonly Drawn[], number: number): boolean =>
  ranges.some(({ from, to }) => from <= number && number < to);
