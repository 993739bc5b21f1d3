import type { ChunkState } from 'varve/volume';
import { expect, test } from 'vitest';
import { sharersOf, wordsOf } from './cell-words.ts';

const chunk = (facts: Partial<ChunkState>): ChunkState => ({
  origin: 'shared',
  versions: 1,
  exceptLow: 0,
  exceptHigh: 0,
  ...facts,
});

test('all 64 snapshots are counted, the 32nd and the 64th bit among them', () => {
  expect(sharersOf({ exceptLow: 0, exceptHigh: 0 }, 64)).toBe(64);
  expect(sharersOf({ exceptLow: 0x8000_0000, exceptHigh: -1 }, 64)).toBe(31);
});

test.each([
  [chunk({ origin: 'hole' }), 0, 'a hole'],
  [chunk({ origin: 'own' }), 0, 'the volume’s own.'],
  [chunk({ origin: 'own', versions: 2, exceptLow: 1 }), 1, 'no snapshot has it; 1 older version'],
  [chunk({}), 1, 'shared with the snapshot.'],
  [chunk({}), 5, 'shared with all 5 snapshots.'],
  [chunk({ versions: 3, exceptLow: 0b110 }), 5, 'shared with 3 of 5 snapshots; 2 older versions'],
])('%o among %i snapshots: %s', (state, snapshots, words) => {
  expect(wordsOf(7, state, snapshots, undefined)).toContain(words);
});

test('it says from which snapshot it differs', () => {
  expect(wordsOf(1023, chunk({}), 1, 'noon')).toMatch(
    /^Chunk 1,023, at byte 4,190,208: .* Differs from ‘noon’\.$/,
  );
});
