/** Tabs of one origin that share a volume. A tab here is an engine with a host that can die. */
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import { isVarveError } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { mortalHost, type MortalHost } from './test/mortal-host.ts';
import { SMALL, collect, expectBytes, pattern, volumeCases } from './test/volume-cases.ts';
import { testVolumes, type TestVolumes } from './test/volume-engine.ts';
import type { OpenVolumeOptions, Volume } from './volume-api.ts';

const KIB = 1024;
const LOST = { code: 'LEADER_LOST', outcome: 'unknown' };

interface Tab extends Omit<MortalHost, 'host'>, Pick<TestVolumes, 'park' | 'wake'> {
  open(options?: OpenVolumeOptions): Promise<Volume>;
}

/** All tabs of a test have the same origin; `volume` is the name of what they share. */
function newOrigin(name = 'shared'): () => Tab {
  const origin = createMemoryHost({ channels: new MemoryChannels() });
  return () => {
    const { host, ...mortal } = mortalHost(origin);
    const { open, park, wake } = testVolumes(host);
    return { ...mortal, park, wake, open: (options = SMALL) => open(name, options) };
  };
}

const roleOf = async (volume: Volume): Promise<string> => (await volume.status()).role;

/** Runs `volume` through its own snapshot of what was there. */
async function expectSound(volume: Volume): Promise<void> {
  expect(await volume.check()).toMatchObject({ ok: true, findings: [] });
}

/** How a call ended. */
const endOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error: unknown) => (isVarveError(error) ? `${error.code} ${error.outcome}` : String(error)),
  );

describe.each(Object.entries(volumeCases))('through the tab that has it: %s', (_, run) => {
  test('the same', async () => {
    const origin = createMemoryHost({ channels: new MemoryChannels() });
    const leader = testVolumes(origin);
    const follower = testVolumes(origin);
    const led: Volume[] = [];
    await run(async (name, options) => {
      if (!led.some((volume) => volume.name === name)) led.push(await leader.open(name, options));
      const volume = await follower.open(name, options);
      expect(await roleOf(volume)).toBe('follower');
      return volume;
    });
    for (const volume of led) await volume.close();
  });
});

describe('a second tab', () => {
  test('follows: each sees what the other does, and who has the volume', async () => {
    const tab = newOrigin();
    const a = await tab().open();
    const b = await tab().open();
    expect([await roleOf(a), await roleOf(b)]).toEqual(['leader', 'follower']);
    await b.write(100, pattern(5000, 1));
    expectBytes(await a.read(100, 5000), pattern(5000, 1));
    const snapshot = await b.snapshot('then');
    await a.write(100, pattern(5000, 2));
    expectBytes(await snapshot.read(100, 5000), pattern(5000, 1));
    expectBytes(await b.read(100, 5000), pattern(5000, 2));
    expect(await collect(b.diff('then'))).toEqual(await collect(a.diff('then')));
    expect((await a.status()).generation).toBe((await b.status()).generation);
    expect((await b.status()).store.role).toBe('follower');
    await expectSound(b);
  });

  test.each([
    ['another chunk size', { chunkSizeBytes: 8192 }, 'chunkSizeBytes'],
    ['another capacity', { capacityBytes: 64 * KIB }, 'capacityBytes'],
    ['equal chunks kept once, which the leader does not', { dedup: true }, 'dedup'],
    ['what no volume can have', { cacheBytes: -1 }, 'cacheBytes'],
  ])('that wants %s is refused, and names the option', async (_, options, argument) => {
    const tab = newOrigin();
    await tab().open();
    await expect(tab().open({ ...SMALL, ...options })).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      facts: { argument },
    });
  });

  test('that closes with writes under way has them written', async () => {
    const tab = newOrigin();
    const a = await tab().open();
    const b = await tab().open();
    const writes = Array.from({ length: 40 }, (_, at) => b.write(at * 100, pattern(100, at)));
    await b.close();
    expect(await Promise.all(writes.map(endOf))).toEqual(writes.map(() => 'done'));
    expectBytes(await a.read(3900, 100), pattern(100, 39));
  });

  test('hears how far a check has come, and may stop listening', async () => {
    const tab = newOrigin();
    const a = await tab().open();
    const b = await tab().open();
    await a.write(0, pattern(3_000_000, 1));
    const told: number[] = [];
    const report = await b.check({ onProgress: ({ done }) => told.push(done) });
    expect(report).toMatchObject({ ok: true });
    expect(told).toEqual(told.toSorted((x, y) => x - y));
    const abort = new AbortController();
    const stopped = b.check({ signal: abort.signal, onProgress: () => abort.abort() });
    abort.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    await expectSound(b);
  });
});

describe('the leader leaves', () => {
  test.each(['closes', 'parks'])(
    '%s: whatever was under way in other tabs is done, once',
    async (how) => {
      const tab = newOrigin();
      const first = tab();
      const a = await first.open();
      const b = await tab().open();
      const c = await tab().open();
      const before = (await b.status()).generation;
      const calls: Promise<unknown>[] = [];
      for (let at = 0; at < 60; at++) {
        calls.push(b.write(at * 4096, pattern(4096, at)), c.write(2_000_000 + at, pattern(1, at)));
        if (at % 7 === 0) calls.push(b.read(0, 200 * KIB), c.snapshot(`c${at}`));
        if (at === 30) {
          if (how === 'closes') void a.close();
          else first.park();
        }
      }
      expect(await Promise.all(calls.map(endOf))).toEqual(calls.map(() => 'done'));
      for (let at = 0; at < 60; at++) expectBytes(await c.read(at * 4096, 4096), pattern(4096, at));
      expect((await c.snapshots()).length).toBe(9);
      expect([await roleOf(b), await roleOf(c)].sort()).toEqual(['follower', 'leader']);
      expect((await b.status()).generation).toBeGreaterThan(before);
      await expectSound(b);
    },
  );

  test('parked, and shown again: it follows', async () => {
    const tab = newOrigin();
    const first = tab();
    const a = await first.open();
    const b = await tab().open();
    await a.write(0, pattern(100, 1));
    first.park();
    await expect.poll(() => roleOf(b)).toBe('leader');
    await b.write(0, pattern(100, 2));
    first.wake();
    expectBytes(await a.read(0, 100), pattern(100, 2));
    expect(await roleOf(a)).toBe('follower');
  });
});

describe('the leader dies', () => {
  test('after it flushed a write and before it said so: nobody knows, it is there, and it is not written again', async () => {
    const tab = newOrigin();
    const first = tab();
    await first.open();
    const b = await tab().open();
    const c = await tab().open();
    await b.write(0, pattern(4096, 1));
    first.dieAt('flushed');
    await expect(b.write(0, pattern(4096, 2))).rejects.toMatchObject(LOST);
    expectBytes(await c.read(0, 4096), pattern(4096, 2));
    await c.write(0, pattern(4096, 3));
    for (const volume of [b, c]) expectBytes(await volume.read(0, 4096), pattern(4096, 3));
    await expectSound(c);
  });

  test('before it wrote anything: nobody knows, and it is not there', async () => {
    const tab = newOrigin();
    const first = tab();
    await first.open();
    const b = await tab().open();
    await b.write(0, pattern(4096, 1));
    first.dieAt('before-write');
    await expect(b.write(0, pattern(4096, 2))).rejects.toMatchObject(LOST);
    expectBytes(await b.read(0, 4096), pattern(4096, 1));
    expect(await roleOf(b)).toBe('leader');
  });

  test.each([
    ['a snapshot', (volume: Volume) => volume.snapshot('new')],
    ['a trim', (volume: Volume) => volume.trim(0, 8192)],
    ['a group', (volume: Volume) => volume.atomic((tx) => tx.write(0, pattern(9, 9)))],
    ['a resize', (volume: Volume) => volume.resize(1024 * KIB)],
    ['a deletion', (volume: Volume) => volume.deleteSnapshot('old')],
    ['a restore', (volume: Volume) => volume.restore('old')],
  ])('under %s: LEADER_LOST, all of it there or nothing', async (_, change) => {
    for (const moment of ['before-write', 'flushed'] as const) {
      const tab = newOrigin();
      const first = tab();
      const a = await first.open();
      await a.write(0, pattern(100_000, 1));
      await a.snapshot('old');
      await a.write(0, pattern(100_000, 2));
      const b = await tab().open();
      first.dieAt(moment);
      await expect(change(b)).rejects.toMatchObject(LOST);
      await expectSound(b);
      const found = await b.read(0, 100_000);
      expect(found[50_000]).toBe(
        pattern(100_000, found[99_999] === pattern(100_000, 1)[99_999] ? 1 : 2)[50_000],
      );
    }
  });

  test('with reads under way: they are asked of the next one', async () => {
    const tab = newOrigin();
    const first = tab();
    const a = await first.open();
    await a.write(0, pattern(4_000_000, 1));
    const b = await tab().open();
    const reads = Array.from({ length: 5 }, () => b.read(0, 4_000_000));
    await b.status();
    first.die();
    for (const bytes of await Promise.all(reads)) expectBytes(bytes, pattern(4_000_000, 1));
  });

  test('with more to write than goes out at once: what was not sent is written by the next one, in order', async () => {
    const tab = newOrigin();
    const first = tab();
    await first.open({ sizeBytes: 64 * 1024 * KIB });
    const b = await tab().open();
    const bytes = 1024 * KIB;
    first.dieAt('flushed');
    const writes = Array.from({ length: 40 }, (_, n) =>
      endOf(b.write((n % 4) * bytes, pattern(bytes, n))),
    );
    const ends = await Promise.all(writes);
    const lost = ends.filter((end) => end === 'LEADER_LOST unknown').length;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(16);
    expect(ends).toEqual(ends.map((_, n) => (n < lost ? 'LEADER_LOST unknown' : 'done')));
    for (let place = 0; place < 4; place++)
      expectBytes(await b.read(place * bytes, bytes), pattern(bytes, 36 + place));
  });

  test('in the middle of a check and a diff: they go on, and no range is told twice', async () => {
    const tab = newOrigin();
    const first = tab();
    const a = await first.open();
    await a.snapshot('empty');
    // Far more ranges than one piece has.
    const every = 3;
    await a.atomic((tx) => {
      for (let chunk = 0; chunk < 1024; chunk += every) tx.write(chunk * 4096, pattern(1, 1));
    });
    const b = await tab().open();
    const whole = await collect(b.diff('empty'));
    expect(whole.length).toBe(Math.ceil(1024 / every));
    const diff = b.diff('empty');
    const told = [(await diff.next()).value];
    const checking = b.check();
    first.die();
    for await (const range of diff) told.push(range);
    expect(told).toEqual(whole);
    expect(await checking).toMatchObject({ ok: true });
    expect(await roleOf(b)).toBe('leader');
  });

  test('in the middle of a deletion: its caller is told that nobody knows, and it goes on by itself', async () => {
    const tab = newOrigin();
    const first = tab();
    const options = { ...SMALL, stepExceptions: 1 } as OpenVolumeOptions;
    const a = await first.open(options);
    await a.write(0, pattern(2_000_000, 1));
    await a.snapshot('old');
    await a.write(0, pattern(2_000_000, 2));
    const b = await tab().open(options);
    let deaths = 0;
    const deleting = b.deleteSnapshot('old', {
      onProgress: () => {
        if (deaths++ === 0) first.die();
      },
    });
    await expect(deleting).rejects.toMatchObject(LOST);
    expect(await b.snapshots()).toEqual([]);
    await expect.poll(async () => (await b.status()).work, { timeout: 20_000 }).toEqual([]);
    expectBytes(await b.read(0, 2_000_000), pattern(2_000_000, 2));
    await expectSound(b);
  });

  test('again and again, while all write their own: nothing acknowledged is lost, nothing is there by half', async () => {
    const tab = newOrigin();
    const share = 500_000;
    const lanes = await Promise.all(
      [0, 1, 2].map(async (lane) => {
        const own = tab();
        return { lane, own, volume: await own.open(), seed: 0, isOver: false };
      }),
    );
    type Lane = (typeof lanes)[number];
    const unknown: string[] = [];
    const run = async (it: Lane): Promise<void> => {
      while (!it.isOver) {
        const { volume } = it;
        const length = it.seed % 5 === 4 ? 200_000 : 9000;
        const at = it.lane * share + (it.seed % 7) * 9000;
        const end = await Promise.race([
          endOf(volume.write(at, pattern(length, it.seed + 1))),
          died(it.own),
        ]);
        if (it.isOver) return;
        if (end !== 'done') {
          unknown.push(end);
          const found = await volume.read(at, length);
          // As it was, or as it was to be: one byte tells, the others must agree.
          if (found.every((byte, index) => byte === pattern(length, it.seed + 1)[index])) it.seed++;
          continue;
        }
        it.seed++;
        expectBytes(await volume.read(at, length), pattern(length, it.seed));
      }
    };
    const ends = new Map<Tab, () => void>();
    const died = (own: Tab): Promise<string> =>
      new Promise((resolve) => ends.set(own, () => resolve('died')));
    const running = lanes.map((it) => run(it));
    const failed = Promise.all(running).then(() => undefined);
    for (let death = 0; death < 6; death++) {
      const goals = lanes.map(({ seed }) => seed + 3);
      await Promise.race([
        failed,
        expect
          .poll(() => lanes.every(({ seed }, n) => seed >= goals[n]!), { timeout: 20_000 })
          .toBe(true),
      ]);
      const roles = await Promise.all(lanes.map(({ volume }) => roleOf(volume)));
      const leader = lanes[roles.indexOf('leader')]!;
      const { own } = leader;
      // No page of a tab that died goes on: its lane goes on in a new tab, behind what it knows.
      leader.isOver = true;
      if (death % 2 === 0) own.dieAt(death % 4 === 0 ? 'flushed' : 'before-write');
      else own.die();
      await new Promise((resolve) => setTimeout(resolve, 20));
      own.die();
      ends.get(own)?.();
      await running[leader.lane];
      leader.own = tab();
      leader.volume = await leader.own.open();
      leader.isOver = false;
      running[leader.lane] = run(leader);
    }
    for (const it of lanes) it.isOver = true;
    await Promise.all(running);
    expect(unknown.filter((end) => end !== 'LEADER_LOST unknown')).toEqual([]);
    await expectSound(lanes[0]!.volume);
  });
});

describe('a leader that stands still', () => {
  test('who asked is told LEADER_UNRESPONSIVE in time, with what became of it', async () => {
    const tab = newOrigin();
    const first = tab();
    await first.open();
    const b = await tab().open({ ...SMALL, leaderTimeoutMs: 700 });
    await b.write(0, pattern(10, 1));
    first.standStill();
    const sent = b.write(0, pattern(10, 2));
    await expect(sent).rejects.toMatchObject({ code: 'LEADER_UNRESPONSIVE', outcome: 'unknown' });
    await expect(b.read(0, 10)).rejects.toMatchObject({ code: 'LEADER_UNRESPONSIVE' });
  });

  test('who opens is told so, too', async () => {
    const tab = newOrigin();
    const first = tab();
    await first.open();
    first.standStill();
    const opening = tab().open({ ...SMALL, busyTimeoutMs: 300 });
    await expect(opening).rejects.toMatchObject({
      code: 'LEADER_UNRESPONSIVE',
      outcome: 'not-written',
    });
  });
});
