import type { BlockLayout, MapLayout, VolumeLayout } from '@varve/protocol';
import { expect, test } from 'vitest';
import { isVague, wordsOfBlock } from './block-words.ts';

const block = (facts: Partial<BlockLayout>): BlockLayout => ({
  level: 0,
  from: 508,
  to: 1_016,
  place: 7,
  entries: 300,
  values: 1_200,
  shared: 40,
  fill: 0.5906,
  isDamaged: false,
  ...facts,
});

test.each([
  ['origin', block({}), 'Leaf of the origin, chunks 508 – 1,015: 300 stored, 40 of them seen'],
  ['exceptions', block({}), 'for 300 of them snapshots have 1,200 values instead, 40 in common'],
  ['references', block({}), 'of the pool: 300 in use, 40 by several equal chunks. 59\u{a0}% full.'],
  ['references', block({ shared: 0 }), 'of the pool: 300 in use. 59\u{a0}% full.'],
  [
    'exceptions',
    block({ level: 1, entries: 36 }),
    'Node of the exceptions, chunks 508 – 1,015, over 36',
  ],
  ['origin', block({}), 'Place 7 of the metadata file.'],
  ['origin', block({ place: 0 }), 'Changed since the checkpoint, so in memory.'],
  ['origin', block({ from: 3, to: 4 }), 'chunk 3: 300'],
] as const)('of the %s: %o', (name, facts, words) => {
  expect(wordsOfBlock(name, facts)).toContain(words);
});

test('of a damaged block nothing is said but that', () => {
  const words = wordsOfBlock('origin', block({ isDamaged: true }));
  expect(words).toMatch(/^Leaf of the origin, chunks 508 – 1,015: does not verify/);
  expect(words).not.toContain('%');
});

test('of the origin’s leaf over damaged exceptions it is not said how many are shared', () => {
  const mapOf = (...list: BlockLayout[]): MapLayout => ({ height: 1, damaged: 0, list });
  const layout = (...list: BlockLayout[]): VolumeLayout => ({
    maps: { origin: mapOf(), references: mapOf(), exceptions: mapOf(...list) },
    pool: { extentChunks: 0, uses: '' },
    places: '',
    snapshots: [],
    locks: null,
  });
  const damaged = layout(block({ from: 1_000, to: 1_024, isDamaged: true }));
  expect(isVague('origin', block({}), damaged)).toBe(true);
  expect(isVague('origin', block({ from: 0, to: 508 }), damaged)).toBe(false);
  expect(isVague('references', block({}), damaged)).toBe(false);
  expect(isVague('origin', block({}), layout(block({ from: 1_000, to: 1_024 })))).toBe(false);
  expect(wordsOfBlock('origin', block({}), true)).toContain('300 stored, at least 40 of them');
});
