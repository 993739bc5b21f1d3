/**
 * The slice of the damage lane that every test run takes (`npm run crash -- --damage` takes all), and
 * proof that its judge can say no.
 */
import { isVarveError } from '@varve/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { openStore, SLOTS_START } from '../../src/index.ts';
import { equal } from '../oracle.ts';
import { framesOf } from '../run.ts';
import { FlatFile } from './flat-file.ts';
import { type Finding, FINDINGS, judgeQuickly } from './judge.ts';
import type { Golden } from './golden.ts';
import { DamageLane, damageTasks } from './slice.ts';
import { WOUND_KINDS } from './wounds.ts';

const LIMITS = { perStore: 130, whole: 5, wholeEvery: Infinity, violations: 5 };

let lane: DamageLane;
beforeAll(async () => {
  lane = await DamageLane.make(5, LIMITS);
});

describe('damage to a store at rest is never served and never silently cut', () => {
  test.each(WOUND_KINDS.map(({ name }) => name))('%s', { timeout: 180_000 }, async (kind) => {
    const total = new Map<Finding, number>();
    const violations: string[] = [];
    let images = 0;
    for (const task of damageTasks(lane.stores).filter((one) => one.kind === kind)) {
      const found = await lane.run(task);
      images += found.images;
      violations.push(...found.violations);
      for (const name of FINDINGS) total.set(name, (total.get(name) ?? 0) + found.findings[name]);
    }
    expect(violations).toEqual([]);
    expect(images).toBeGreaterThan(70);
    // Damage everywhere hits what has a meaning somewhere: a judge that finds only slack is blind.
    const noticed = images - (total.get('slack') ?? 0) - (total.get('unneeded') ?? 0);
    expect(noticed).toBeGreaterThan(images / 10);
  });

  test('a golden store is the same each time, whole, and of its own kind', async () => {
    const again = await DamageLane.make(5, LIMITS);
    expect(lane.stores.length).toBeGreaterThanOrEqual(6);
    for (const [index, golden] of lane.stores.entries()) {
      expect(equal(golden.bytes, again.stores[index]!.bytes)).toBe(true);
      const { length } = golden.bytes;
      expect([golden.name, length - SLOTS_START <= 131_072]).toEqual([golden.name, true]);
      const finding = judgeQuickly(golden, new FlatFile(golden.bytes), [], { mayBeStale: false });
      expect([golden.name, finding]).toEqual([golden.name, 'slack']);
    }
  });
});

const named = (name: string): Golden => lane.stores.find((golden) => golden.name === name)!;

describe('the judge of damage', () => {
  const STRICT = { mayBeStale: false };

  test('a store that serves other bytes than were written is a violation', () => {
    const golden = named('killed');
    const [lsn, payload] = [...golden.payloads][0]!;
    const payloads = new Map(golden.payloads).set(
      lsn,
      Uint8Array.from(payload, (byte) => ~byte),
    );
    expect(() =>
      judgeQuickly({ ...golden, payloads }, new FlatFile(golden.bytes), [], STRICT),
    ).toThrow(/other bytes/);
  });

  test('a record that is gone without a word is a violation', () => {
    // It was closed properly: nothing is uncertain about its end.
    const golden = named('version-1');
    const longer = { ...golden, lastLsn: golden.lastLsn + 1 };
    expect(() => judgeQuickly(longer, new FlatFile(golden.bytes), [], STRICT)).toThrow(
      /gone and nobody says so/,
    );
  });

  test('damage to a record that nobody notices is a violation', () => {
    const golden = named('killed');
    const use = golden.uses.all.find(({ kind, lsns }) => kind === 'batch' && lsns.size > 0)!;
    const wound = { at: use.from, bytes: Uint8Array.of(golden.bytes[use.from]! ^ 1) };
    // A file that does not show its wound is one whose damage goes unnoticed.
    class Healed extends FlatFile {
      override wound(): void {}
    }
    expect(() => judgeQuickly(golden, new Healed(golden.bytes), [wound], STRICT)).toThrow(
      /nobody noticed/,
    );
  });
});

const segmentBytesOf = ({ options }: Golden): number => options.segmentSizeBytes ?? 4_096;

/** Offsets of the headers of full segments, oldest first. */
async function headersOf({ disk, options }: Golden): Promise<number[]> {
  const store = await openStore(disk.fork({ record: false }).host(), 's', options);
  const { slots, segmentSizeBytes } = store.layout();
  store.abandon();
  const last = Math.max(...slots.map(({ segment }) => segment));
  return slots
    .filter(({ segment }) => segment > 0 && segment < last - 1)
    .sort((a, b) => a.segment - b.segment)
    .map(({ slot }) => SLOTS_START + slot * segmentSizeBytes);
}

describe('a header is lost, and the store goes on', () => {
  test('its slot is not given out again', { timeout: 60_000 }, async () => {
    let looked = 0;
    for (const golden of lane.stores) {
      for (const at of await headersOf(golden)) {
        const disk = golden.disk.fork({ record: false });
        disk.poke('s/journal', new Uint8Array(16), at);
        const store = await openStore(disk.host(), 's', golden.options);
        if (store.state !== 'open') continue;
        for (let index = 0; index < 12; index++) {
          await store.append({ frames: framesOf([new Uint8Array(3_000).fill(index)]) });
        }
        const end = at + segmentBytesOf(golden);
        const before = golden.bytes.subarray(at + 112, end);
        const after = disk.peek('s/journal').subarray(at + 112, end);
        expect([golden.name, at, equal(before, after)]).toEqual([golden.name, at, true]);
        store.abandon();
        looked++;
      }
    }
    expect(looked).toBeGreaterThan(8);
  });

  test('that of the oldest segment: what stood in it stays missing by name', async () => {
    for (const name of ['killed', 'padded']) {
      const golden = named(name);
      const disk = golden.disk.fork({ record: false });
      disk.poke('s/journal', new Uint8Array(512), (await headersOf(golden))[0]!);
      for (let life = 0; life < 3; life++) {
        const store = await openStore(disk.host(), 's', golden.options);
        expect(store.status().firstLsn).toBe(1);
        const [first] = [...store.salvage()];
        expect(first).toMatchObject({ from: 1 });
        expect(first).not.toHaveProperty('runs');
        for (let index = 0; index < 8; index++)
          await store.append({ frames: framesOf([new Uint8Array(3_000).fill(index)]) });
        await store.checkpoint(new Uint8Array(8), store.status().coveredLsn);
        store.abandon();
      }
    }
  });

  test('that of a segment that is scanned: the recovery says so', async () => {
    const golden = named('units');
    const disk = golden.disk.fork({ record: false });
    disk.poke('s/journal', new Uint8Array(16), (await headersOf(golden))[1]!);
    const store = await openStore(disk.host(), 's', { ...golden.options, readOnly: true });
    expect(store.status().recovery.rows).toContain('header-lost');
    expect(store.status().recovery.damage).toEqual([]);
    store.abandon();
  });
});

describe('two superblocks are damaged at once', () => {
  test.each(['live', 'none'] as const)(
    'with a witness that says %s: CORRUPT, and never formatted over',
    async (witness) => {
      for (const golden of lane.stores) {
        const disk = golden.disk.fork({ record: false });
        for (const at of [0, 65_536]) disk.poke('s/journal', new Uint8Array(512), at);
        if (witness === 'none') await disk.host().witness.remove('s');
        const before = disk.peek('s/journal');
        for (let attempt = 0; attempt < 2; attempt++) {
          const error: unknown = await openStore(disk.host(), 's', golden.options).catch(
            (reason: unknown) => reason,
          );
          expect(isVarveError(error, 'CORRUPT')).toBe(true);
        }
        expect(equal(disk.peek('s/journal'), before)).toBe(true);
      }
    },
  );
});
