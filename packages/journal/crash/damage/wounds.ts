/**
 * The kinds of damage, each a numbered list for a golden store: number n is always the same wound.
 */
import { SeededRandom, seedOf } from '@varve/files/simulated';
import { SLOTS_START, SUPERBLOCK_BYTES, SUPERBLOCK_PLACES } from '../../src/index.ts';
import type { BlockVersions } from './block-versions.ts';
import type { Wound } from './flat-file.ts';
import type { Golden } from './golden.ts';
import type { Leave } from './judge.ts';

export interface WoundKind extends Leave {
  readonly name: string;
  count(golden: Golden): number;
  wounds(golden: Golden, number: number, seed: number): readonly Wound[];
}

/** Offsets of the blocks that mean anything, in the file. */
function blocksOf({ bytes }: Golden, blockBytes: number): number[] {
  const blocks = SUPERBLOCK_PLACES.map((at) => at as number);
  for (let at = SLOTS_START; at + blockBytes <= bytes.length; at += blockBytes) blocks.push(at);
  return blocks;
}

const HONEST: Leave = { mayBeStale: false };
const STALE: Leave = { mayBeStale: true };
const SIZES = [512, 4_096] as const;

const meaningfulBytes = ({ bytes }: Golden): number =>
  2 * SUPERBLOCK_BYTES + bytes.length - SLOTS_START;

/** Offset in the file of the n-th byte that means anything. */
function byteAt(number: number): number {
  if (number < SUPERBLOCK_BYTES) return number;
  if (number < 2 * SUPERBLOCK_BYTES) return SUPERBLOCK_PLACES[1] + number - SUPERBLOCK_BYTES;
  return SLOTS_START + number - 2 * SUPERBLOCK_BYTES;
}

const flipped = ({ bytes }: Golden, at: number, bit: number): Wound => ({
  at,
  bytes: Uint8Array.of(bytes[at]! ^ (1 << bit)),
});

const everyBit: WoundKind = {
  ...HONEST,
  name: 'each bit turned over',
  count: (golden) => meaningfulBytes(golden) * 8,
  wounds: (golden, number) => [flipped(golden, byteAt(number >>> 3), number & 7)],
};

type Fill = (random: SeededRandom, bytes: Uint8Array) => void;

function filled(name: string, blockBytes: number, fill: Fill): WoundKind {
  return {
    ...HONEST,
    name: `each ${blockBytes} B ${name}`,
    count: (golden) => blocksOf(golden, blockBytes).length,
    wounds: (golden, number, seed) => {
      const bytes = new Uint8Array(blockBytes);
      fill(new SeededRandom(seedOf(seed, number, name)), bytes);
      return [{ at: blocksOf(golden, blockBytes)[number]!, bytes }];
    },
  };
}

function swapped(blockBytes: number): WoundKind {
  return {
    ...STALE,
    name: `any two ${blockBytes} B swapped`,
    count: (golden) => {
      const blocks = blocksOf(golden, blockBytes).length;
      return (blocks * (blocks - 1)) / 2;
    },
    wounds: (golden, number) => {
      const blocks = blocksOf(golden, blockBytes);
      const second = Math.floor((1 + Math.sqrt(1 + 8 * number)) / 2);
      const first = number - (second * (second - 1)) / 2;
      const [a, b] = [blocks[first]!, blocks[second]!];
      const block = (at: number): Uint8Array => golden.bytes.slice(at, at + blockBytes);
      return [
        { at: a, bytes: block(b) },
        { at: b, bytes: block(a) },
      ];
    },
  };
}

const versionsOf = (golden: Golden, blockBytes: number): BlockVersions =>
  blockBytes === 512 ? golden.sectors : golden.pages;

/** Every older content of every block: a write that was acknowledged and is not there. */
function olderVersions(golden: Golden, blockBytes: number): Wound[] {
  const versions = versionsOf(golden, blockBytes);
  return blocksOf(golden, blockBytes).flatMap((at) =>
    versions
      .olderThanNow(at / blockBytes, golden.bytes.slice(at, at + blockBytes))
      .map((bytes) => ({ at, bytes })),
  );
}

/** What costs more to list than one wound is listed once for a store. */
function remembered<T>(list: (golden: Golden) => T): (golden: Golden) => T {
  const lists = new WeakMap<Golden, T>();
  return (golden) => {
    const known = lists.get(golden) ?? list(golden);
    lists.set(golden, known);
    return known;
  };
}

function stale(blockBytes: number): WoundKind {
  const list = remembered((golden) => olderVersions(golden, blockBytes));
  return {
    ...STALE,
    name: `each older version of each ${blockBytes} B`,
    count: (golden) => list(golden).length,
    wounds: (golden, number) => [list(golden)[number]!],
  };
}

/** The last write of one block went to another: the one is old, the other is overwritten. */
function misdirected(blockBytes: number): WoundKind {
  const list = remembered((golden) => {
    const versions = versionsOf(golden, blockBytes);
    return blocksOf(golden, blockBytes).flatMap((at) => {
      const now = golden.bytes.slice(at, at + blockBytes);
      const [before] = versions.olderThanNow(at / blockBytes, now);
      return before === undefined ? [] : [{ at, bytes: before }];
    });
  });
  return {
    ...STALE,
    name: `the last write of each ${blockBytes} B to any other`,
    count: (golden) => list(golden).length * (blocksOf(golden, blockBytes).length - 1),
    wounds: (golden, number) => {
      const targets = blocksOf(golden, blockBytes).length - 1;
      const lost = list(golden)[Math.floor(number / targets)]!;
      const others = blocksOf(golden, blockBytes).filter((at) => at !== lost.at);
      const bytes = golden.bytes.slice(lost.at, lost.at + blockBytes);
      return [lost, { at: others[number % targets]!, bytes }];
    },
  };
}

/** Each superblock hit in a way of its own: a few bits, zeros, ones, noise, the other one, a tear. */
const bothSuperblocks: WoundKind = {
  ...HONEST,
  name: 'both superblocks damaged',
  count: () => 4_000,
  wounds: (golden, number, seed) => {
    const random = new SeededRandom(seedOf(seed, number, 'superblocks'));
    return SUPERBLOCK_PLACES.map((at, place) => {
      const bytes = golden.bytes.slice(at, at + SUPERBLOCK_BYTES);
      const other = SUPERBLOCK_PLACES[1 - place]!;
      switch (random.below(6)) {
        case 0:
          bytes.fill(0);
          break;
        case 1:
          bytes.fill(255);
          break;
        case 2:
          random.fill(bytes);
          break;
        case 3:
          bytes.set(golden.bytes.subarray(other, other + SUPERBLOCK_BYTES));
          break;
        default: {
          const at0 = random.below(SUPERBLOCK_BYTES);
          bytes[at0]! ^= 1 << random.below(8);
        }
      }
      return { at, bytes };
    });
  },
};

const MULTIPLE = 60_000;
const someBits: WoundKind = {
  ...HONEST,
  name: 'up to 32 bits anywhere turned over',
  count: () => MULTIPLE,
  wounds: (golden, number, seed) => {
    const random = new SeededRandom(seedOf(seed, number, 'bits'));
    const bits = new Map<number, number>();
    for (let left = 2 + random.below(31); left > 0; left--)
      bits.set(byteAt(random.below(meaningfulBytes(golden))), random.below(8));
    return [...bits].map(([at, bit]) => flipped(golden, at, bit));
  },
};

export const WOUND_KINDS: readonly WoundKind[] = [
  everyBit,
  ...SIZES.flatMap((size) => [
    filled('zeroed', size, () => {}),
    filled('set to ones', size, (_, bytes) => bytes.fill(255)),
    filled('turned to noise', size, (random, bytes) => random.fill(bytes)),
    swapped(size),
    stale(size),
    misdirected(size),
  ]),
  bothSuperblocks,
  someBits,
];
