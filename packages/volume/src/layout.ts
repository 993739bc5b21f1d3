/**
 * A picture of a volume's metadata: what each block holds, who has each chunk of the pool, what each
 * place of `meta` is used for.
 *
 * Always true:
 * - it is made of what was told of the metadata and of nothing else: of a volume that is open, wherever
 *   that is, as of one on the disk
 * - a damaged block is drawn as one; what it alone could have told is said to be unknown
 */
import { readU16, readU32 } from '@varve/bytes';
import type {
  BlockLayout,
  MapLayout,
  MetadataBlock,
  VolumeLayout,
  VolumeMetadata,
} from '@varve/protocol';
import { BitSet } from './bit-set.ts';
import {
  BLOCK_BODY_BYTES,
  BLOCK_HEADER_BYTES,
  BlockKind,
  NODE_FANOUT,
  ORIGIN_ENTRY_BYTES,
  RADIX_FANOUT,
  REFERENCE_BYTES,
} from './format.ts';
import { countOf } from './blocks.ts';
import { chunkAt, type LeafBytes, pairsAt, usedBytes } from './leaf.ts';
import { bitMask, isEmpty, type Mask, NO_BITS, onlyBit, union, without } from './mask.ts';
import type { Pair } from './value.ts';

type Drawn = { -readonly [Field in keyof BlockLayout]: BlockLayout[Field] };
/** Adds to the picture of a leaf what it holds. */
type Look = (leaf: LeafBytes, drawn: Drawn) => void;

/** A letter for each chunk of 64 GiB in chunks of 4 KiB. */
const USES_MAX = 16_777_216;

/** What is found out of a physical chunk; the first two, added, are an index of `USE_LETTERS`. */
const BY_ORIGIN = 1;
const BY_SNAPSHOTS = 2;
const BY_WHOM_ELSE = 4;
const IN_USE = 8;
const USE_LETTERS = '?os+';

/** By kind of block. */
const PLACE_LETTERS = '?ore';

export function layoutOf(metadata: VolumeMetadata): VolumeLayout {
  const { extentChunks, snapshots } = metadata;
  const live = snapshots
    .filter(({ isDying }) => !isDying)
    .reduce((mask, { bit }) => union(mask, bitMask(bit)), NO_BITS);
  const uses = new Uint8Array(Math.min(extentChunks, USES_MAX));
  const ownChunks = new Map<number, number>();
  /** Chunks whose value in the origin's map no live snapshot sees. */
  const hidden = new BitSet();
  /** A hole, and what lies behind the last that is drawn, is not noted: there is no room for it. */
  const see = (physical: number, what: number): void => {
    uses[physical]! |= what;
  };

  // Who sees the origin's values shows in what the snapshots have instead: that comes first.
  const exceptions = drawMap(metadata, BlockKind.Exceptions, (leaf, drawn) => {
    drawn.fill = usedBytes(leaf) / BLOCK_BODY_BYTES;
    for (; drawn.entries < countOf(leaf); drawn.entries++) {
      const pairs = pairsAt(leaf, drawn.entries);
      if (isEmpty(lacking(live, pairs))) hidden.add(chunkAt(leaf, drawn.entries));
      for (const { mask, physicalPlus1 } of pairs) {
        const bit = onlyBit(mask);
        drawn.values++;
        if (bit < 0) drawn.shared++;
        else if (physicalPlus1 > 0) ownChunks.set(bit, (ownChunks.get(bit) ?? 0) + 1);
        see(physicalPlus1 - 1, BY_SNAPSHOTS);
      }
    }
  });
  const lookAtOrigin = entriesOf(ORIGIN_ENTRY_BYTES, readU32, (chunk, physicalPlus1) => {
    const isHidden = isEmpty(live) || hidden.has(chunk);
    const isShared = !isHidden && !isLost(exceptions, chunk);
    const byWhom = isShared ? BY_ORIGIN | BY_SNAPSHOTS : isHidden ? BY_ORIGIN : BY_WHOM_ELSE;
    see(physicalPlus1 - 1, byWhom);
    return isShared;
  });
  const origin = drawMap(metadata, BlockKind.Origin, lookAtOrigin);
  const lookAtCounts = entriesOf(REFERENCE_BYTES, readU16, (physical, times) => {
    see(physical, times > 1 ? IN_USE | BY_ORIGIN | BY_SNAPSHOTS : IN_USE);
    return times > 1;
  });
  const references = drawMap(metadata, BlockKind.References, lookAtCounts);

  const quarantine = new Set(metadata.quarantine);
  const useLetter = (use: number, physical: number): string => {
    if (quarantine.has(physical)) return 'q';
    const isCounted = use >= IN_USE || isLost(references, physical);
    // What somebody has and nobody counts is for the check to judge.
    return isCounted ? (USE_LETTERS[use % IN_USE] ?? '?') : use === 0 ? '.' : '?';
  };
  return {
    maps: { origin, exceptions, references },
    pool: { extentChunks, uses: Array.from(uses, useLetter).join('') },
    places: placeLetters(metadata),
    snapshots: snapshots.map((each) => ({ ...each, ownChunks: ownChunks.get(each.bit) ?? 0 })),
    locks: metadata.locks,
  };
}

function drawMap(metadata: VolumeMetadata, kind: BlockKind, look: Look): MapLayout {
  const { blocks, chunkSizeBytes, extentChunks, snapshots } = metadata;
  const sizes = [metadata, ...snapshots].map(({ sizeBytes }) => sizeBytes);
  const chunks = Math.ceil(Math.max(...sizes) / chunkSizeBytes);
  const end = kind === BlockKind.References ? extentChunks : chunks;
  const fanout = kind === BlockKind.Exceptions ? NODE_FANOUT : RADIX_FANOUT;
  const list: Drawn[] = [];
  /** By level, the last one that was met: it is above all of the next level, until another comes. */
  const above: (Drawn | undefined)[] = [];
  for (const block of blocks) {
    if (block.kind !== kind) continue;
    const drawn = drawnOf(block, end);
    above[block.level] = drawn;
    const parent = above[block.level + 1];
    if (parent !== undefined) parent.fill = ++parent.entries / fanout;
    if (block.bytes !== null && block.level === 0) look({ bytes: block.bytes }, drawn);
    list.push(drawn);
  }
  const damaged = list.filter(({ isDamaged }) => isDamaged).length;
  return { height: (list[0]?.level ?? -1) + 1, damaged, list };
}

/** @param end of the numbers that there are */
function drawnOf({ level, from, to, place, bytes }: MetadataBlock, end: number): Drawn {
  const nothing = { entries: 0, values: 0, shared: 0, fill: 0 };
  const isDamaged = bytes === null;
  return { level, from, to: Math.max(from, Math.min(to, end)), place, ...nothing, isDamaged };
}

/** @param visit what is not zero; true: it is shared */
function entriesOf(
  entryBytes: number,
  read: (bytes: Uint8Array, at: number) => number,
  visit: (number: number, value: number) => boolean,
): Look {
  const leafEntries = Math.floor(BLOCK_BODY_BYTES / entryBytes);
  return ({ bytes }, drawn) => {
    for (let entry = 0; entry < leafEntries; entry++) {
      const value = read(bytes, BLOCK_HEADER_BYTES + entry * entryBytes);
      if (value === 0) continue;
      drawn.values = ++drawn.entries;
      drawn.fill = drawn.entries / leafEntries;
      if (visit(drawn.from + entry, value)) drawn.shared++;
    }
  };
}

function placeLetters({ blocks, placesEnd, placesLeft }: VolumeMetadata): string {
  const isWhole = blocks.every(({ bytes }) => bytes !== null);
  const letters = new Map(placesLeft.map((place) => [place, 'x']));
  let last = placesEnd;
  for (const { place, kind } of blocks) {
    letters.set(place, PLACE_LETTERS[kind]!);
    last = Math.max(last, place);
  }
  const letter = (_: unknown, at: number): string => letters.get(at + 1) ?? (isWhole ? '.' : '?');
  return Array.from({ length: last }, letter).join('');
}

/** Live snapshots that see the origin's value. */
const lacking = (live: Mask, pairs: readonly Pair[]): Mask =>
  pairs.reduce((mask, pair) => without(mask, pair.mask), live);

/** Only a damaged block could tell of this number. */
const isLost = ({ list }: MapLayout, number: number): boolean =>
  list.some(({ isDamaged, from, to }) => isDamaged && from <= number && number < to);
