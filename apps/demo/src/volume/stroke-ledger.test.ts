import { expect, test } from 'vitest';
import { isSound, StrokeLedger, type Judgement } from './stroke-ledger.ts';
import { EMPTY_HASH, fingerprintOf, hashesOf, PICTURE_BYTES, TILES, TILE_BYTES } from './tiles.ts';

const holding = (tiles: Readonly<Record<number, number>>): Uint32Array => {
  const hashes = new Uint32Array(TILES).fill(EMPTY_HASH);
  for (const [tile, hash] of Object.entries(tiles)) hashes[Number(tile)] = hash;
  return hashes;
};

/** Tiles 1 and 2 were acknowledged as 10; a group was on its way that makes 2 and 3 to 20. */
function crashed(found: Readonly<Record<number, number>>): Judgement {
  const ledger = new StrokeLedger();
  ledger.issue(
    new Map([
      [1, 10],
      [2, 10],
    ]),
  );
  ledger.acknowledge();
  ledger.issue(
    new Map([
      [2, 20],
      [3, 20],
    ]),
  );
  return ledger.judge(holding(found));
}

test.each([
  ['the group on its way is there as a whole', { 1: 10, 2: 20, 3: 20 }, 'whole'],
  ['nothing of it is there', { 1: 10, 2: 10 }, 'absent'],
] as const)('%s: sound', (_, found, inFlight) => {
  const judgement = crashed(found);
  expect(judgement).toMatchObject({ acknowledged: 1, lost: [], inFlight });
  expect(isSound(judgement)).toBe(true);
});

test.each([
  ['a part of a group is there', { 1: 10, 2: 20 }, { lost: [], inFlight: 'torn' }],
  ['what was acknowledged is gone', { 2: 10 }, { lost: [1], inFlight: 'absent' }],
  ['something nobody wrote is there', { 1: 10, 2: 10, 9: 5 }, { lost: [9], inFlight: 'absent' }],
  ['a tile on its way holds neither', { 1: 10, 2: 20, 3: 7 }, { lost: [3], inFlight: 'whole' }],
] as const)('%s: not sound', (_, found, expected) => {
  const judgement = crashed(found);
  expect(judgement).toMatchObject(expected);
  expect(isSound(judgement)).toBe(false);
});

test('a group that was refused counts neither way', () => {
  const ledger = new StrokeLedger();
  ledger.issue(new Map([[1, 10]]));
  ledger.withdraw();
  expect(ledger.judge(holding({}))).toMatchObject({ acknowledged: 0, lost: [], inFlight: 'none' });
  expect(ledger.judge(holding({ 1: 10 })).lost).toEqual([1]);
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
