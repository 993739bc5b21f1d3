import { expect, test } from 'vitest';
import { isSound, StrokeLedger, type Judgement } from './stroke-ledger.ts';
import { EMPTY_HASH, fingerprintOf, hashesOf, PICTURE_BYTES, TILES, TILE_BYTES } from './tiles.ts';

type Tiles = Readonly<Record<number, number>>;

const groupOf = (tiles: Tiles): Map<number, number> =>
  new Map(Object.entries(tiles).map(([tile, hash]) => [Number(tile), hash]));

const holding = (tiles: Tiles): Uint32Array => {
  const hashes = new Uint32Array(TILES).fill(EMPTY_HASH);
  for (const [tile, hash] of groupOf(tiles)) hashes[tile] = hash;
  return hashes;
};

/** One group was acknowledged, two behind it were on their way. */
function crashed(found: Tiles): Judgement {
  const ledger = new StrokeLedger();
  const first = ledger.issue(groupOf({ 1: 10, 2: 10 }));
  ledger.issue(groupOf({ 2: 20, 3: 20 }));
  ledger.issue(groupOf({ 3: 30, 4: 30 }));
  ledger.acknowledge(first);
  return ledger.judge(holding(found));
}

test.each([
  ['nothing of what was on its way is there', { 1: 10, 2: 10 }, 0],
  ['the first on its way is there as a whole', { 1: 10, 2: 20, 3: 20 }, 1],
  ['both are there', { 1: 10, 2: 20, 3: 30, 4: 30 }, 2],
])('%s: sound', (_, found, kept) => {
  const judgement = crashed(found);
  expect(judgement).toEqual({ acknowledged: 1, onTheirWay: 2, kept, wrong: [], isTorn: false });
  expect(isSound(judgement)).toBe(true);
});

test.each([
  ['a part of a group is there', { 1: 10, 2: 20 }, { wrong: [], isTorn: true }],
  ['the second is there without the first', { 1: 10, 2: 10, 3: 30, 4: 30 }, { isTorn: true }],
  ['what was acknowledged is gone', { 2: 10 }, { wrong: [1] }],
  ['something nobody wrote is there', { 1: 10, 2: 10, 9: 5 }, { wrong: [9] }],
  ['a tile on its way holds neither', { 1: 10, 2: 20, 3: 7 }, { wrong: [3] }],
])('%s: not sound', (_, found, expected) => {
  const judgement = crashed(found as Tiles);
  expect(judgement).toMatchObject(expected);
  expect(isSound(judgement)).toBe(false);
});

test('an acknowledgement stands for everything before it', () => {
  const ledger = new StrokeLedger();
  ledger.issue(groupOf({ 1: 10 }));
  const second = ledger.issue(groupOf({ 2: 20 }));
  ledger.acknowledge(second);
  expect(ledger.judge(holding({ 1: 10, 2: 20 }))).toMatchObject({ acknowledged: 2, onTheirWay: 0 });
  expect(ledger.judge(holding({ 2: 20 })).wrong).toEqual([1]);
});

test('one byte of a picture changes one tile’s hash, and the fingerprint', () => {
  const picture = new Uint8Array(PICTURE_BYTES);
  const empty = hashesOf(picture);
  expect(empty).toEqual(holding({}));
  picture[5 * TILE_BYTES + 4095] = 1;
  const changed = hashesOf(picture);
  expect([...changed].flatMap((hash, tile) => (hash === empty[tile] ? [] : [tile]))).toEqual([5]);
  expect(fingerprintOf(changed)).not.toBe(fingerprintOf(empty));
});
