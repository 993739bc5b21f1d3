import { SeededRandom } from '@varve/files/simulated';
import { openStore } from '../src/index.ts';
import { equal } from './oracle.ts';
import { framesOf } from './run.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Finding,
  type Golden,
  goldenStores,
  judge,
  meaningfulRanges,
  type Wound,
} from './damage.ts';

const SEED = 3_11;
let stores: readonly Golden[] = [];

beforeAll(async () => {
  stores = await goldenStores();
});

async function judgeAll(
  woundsOf: (golden: Golden) => Iterable<readonly Wound[]>,
): Promise<Record<Finding, number>> {
  const found: Record<Finding, number> = { harmless: 0, reported: 0, 'tail-uncertain': 0 };
  const violations: string[] = [];
  for (const golden of stores) {
    for (const wounds of woundsOf(golden)) {
      try {
        found[await judge(golden, wounds)]++;
      } catch (error) {
        violations.push(
          `${golden.name} at ${wounds.map(({ at, bytes }) => `${at}+${bytes.length}`).join()}: ${String(error)}`,
        );
      }
    }
  }
  expect(violations.slice(0, 5), `${violations.length} violations`).toEqual([]);
  return found;
}

function* sectors(
  golden: Golden,
  content: (random: SeededRandom, bytes: Uint8Array) => void,
): Generator<Wound[]> {
  const random = new SeededRandom(SEED);
  for (const { from, to } of meaningfulRanges(golden)) {
    for (let at = from; at < to; at += 512) {
      const bytes = new Uint8Array(512);
      content(random, bytes);
      yield [{ at, bytes }];
    }
  }
}

/** Where the headers of full segments stand. */
async function headersOf({ disk, options }: Golden): Promise<number[]> {
  const store = await openStore(disk.fork({ record: false }).host(), 's', options);
  const { slots } = store.layout();
  store.abandon();
  const last = Math.max(...slots.map(({ segment }) => segment));
  return slots
    .filter(({ segment }) => segment > 0 && segment < last - 1)
    .map(({ slot }) => 131_072 + slot * 4_096);
}

describe('damage to a store at rest is never served and never silently cut', () => {
  test('every store is whole without damage', async () => {
    expect(stores.map(({ records }) => records.size).every((size) => size > 4)).toBe(true);
    expect(await judgeAll(() => [[]])).toEqual({
      harmless: stores.length,
      reported: 0,
      'tail-uncertain': 0,
    });
  });

  test('one bit of every few bytes turned over', { timeout: 120_000 }, async () => {
    const found = await judgeAll(function* (golden) {
      const random = new SeededRandom(SEED);
      const file = golden.disk.peek('s/journal');
      for (const { from, to } of meaningfulRanges(golden)) {
        for (let at = from; at < to; at += 1 + random.below(64)) {
          yield [{ at, bytes: Uint8Array.of(file[at]! ^ (1 << random.below(8))) }];
        }
      }
    });
    expect(found.reported).toBeGreaterThan(200);
  });

  test('every sector zeroed', { timeout: 120_000 }, async () => {
    const found = await judgeAll((golden) => sectors(golden, () => {}));
    expect(found.reported).toBeGreaterThan(30);
  });

  test('every sector set to ones', { timeout: 120_000 }, async () => {
    const found = await judgeAll((golden) => sectors(golden, (_, bytes) => bytes.fill(255)));
    expect(found.reported).toBeGreaterThan(30);
  });

  test('every sector turned to noise', { timeout: 120_000 }, async () => {
    const found = await judgeAll((golden) =>
      sectors(golden, (random, bytes) => random.fill(bytes)),
    );
    expect(found.reported).toBeGreaterThan(30);
  });

  test(
    'the header of a full segment is lost: its slot is not given out again',
    { timeout: 60_000 },
    async () => {
      let looked = 0;
      for (const golden of stores) {
        const live = await headersOf(golden);
        for (const at of live) {
          const disk = golden.disk.fork({ record: false });
          disk.poke('s/journal', new Uint8Array(16), at);
          const store = await openStore(disk.host(), 's', golden.options);
          if (store.state !== 'open') continue;
          for (let index = 0; index < 12; index++) {
            await store.append({ frames: framesOf([new Uint8Array(3_000).fill(index)]) });
          }
          const slot = (at - 131_072) / 4_096;
          const before = golden.disk.peek('s/journal').subarray(at + 112, at + 4_096);
          const after = disk.peek('s/journal').subarray(at + 112, at + 4_096);
          expect([golden.name, slot, equal(before, after)]).toEqual([golden.name, slot, true]);
          store.abandon();
          looked++;
        }
      }
      expect(looked).toBeGreaterThan(8);
    },
  );

  test('any two neighbouring or random blocks swapped', { timeout: 120_000 }, async () => {
    const found = await judgeAll(function* (golden) {
      const random = new SeededRandom(SEED);
      const file = golden.disk.peek('s/journal');
      const blocks = Math.floor((golden.fileBytes - 131_072) / 512);
      for (let a = 0; a < blocks; a++) {
        for (const b of [a + 1, a + 8, random.below(blocks)]) {
          if (b >= blocks || a === b) continue;
          const [from, to] = [131_072 + a * 512, 131_072 + b * 512];
          yield [
            { at: from, bytes: file.slice(to, to + 512) },
            { at: to, bytes: file.slice(from, from + 512) },
          ];
        }
      }
    });
    expect(found.reported).toBeGreaterThan(30);
  });
});
