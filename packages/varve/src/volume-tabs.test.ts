/** Tabs of one origin that share a volume. A tab here is an engine with a host that can die. */
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import { isVarveError } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { testEngine } from './test/harness.ts';
import { mortalHost, type MortalHost } from './test/mortal-host.ts';
import { RawGuest } from './test/raw-guest.ts';
import { rawLeader } from './test/raw-leader.ts';
import { SMALL, collect, expectBytes, pattern, volumeCases } from './test/volume-cases.ts';
import { testVolumes, type TestVolumes } from './test/volume-engine.ts';
import type { OpenVolumeOptions, Volume } from './volume-api.ts';

const KIB = 1024;
const LOST = { code: 'LEADER_LOST', outcome: 'unknown' };

interface Tab extends Omit<MortalHost, 'host'>, Pick<TestVolumes, 'park' | 'wake'> {
  open(options?: OpenVolumeOptions): Promise<Volume>;
}

/** All tabs of a test have the same origin; `name` is that of what they share. */
function newOrigin(name = 'shared'): () => Tab {
  const origin = createMemoryHost({ channels: new MemoryChannels() });
  return () => {
    const { host, ...mortal } = mortalHost(origin);
    const { open, park, wake } = testVolumes(host);
    return { ...mortal, park, wake, open: (options = SMALL) => open(name, options) };
  };
}

const roleOf = async (volume: Volume): Promise<string> => (await volume.status()).role;

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

  test.each([
    ['turned away', { kind: 'failed', error: { code: 'CLOSED', outcome: 'not-written' } }, 99],
    ['not heard', undefined, 1],
  ])('a write that was %s is the next one’s', async (_, failure, heard) => {
    const origin = createMemoryHost({ channels: new MemoryChannels() });
    await (await testVolumes(origin).open('shared', SMALL)).close();
    await rawLeader(origin, 'shared', ({ id, request }, leader) => {
      if (request.method === 'volumeStatus') {
        leader.say({ kind: 'answered', id, answer: { ok: true, value: {} } });
        return;
      }
      leader.say({ kind: 'parting' });
      if (failure !== undefined) leader.say({ ...failure, id });
      leader.say({ kind: 'bye', leadsNoMore: true, heard });
      leader.leave();
    });
    const volume = await testVolumes(origin).open('shared', SMALL);
    await volume.write(0, pattern(100, 1));
    expectBytes(await volume.read(0, 100), pattern(100, 1));
    expect(await roleOf(volume)).toBe('leader');
    await volume.close();
  });

  test('having heard a write and not answered it: nobody knows', async () => {
    const origin = createMemoryHost({ channels: new MemoryChannels() });
    await (await testVolumes(origin).open('shared', SMALL)).close();
    await rawLeader(origin, 'shared', ({ id, request }, leader) => {
      if (request.method === 'volumeStatus') {
        leader.say({ kind: 'answered', id, answer: { ok: true, value: {} } });
        return;
      }
      leader.say({ kind: 'bye', leadsNoMore: true, heard: 2 });
      leader.leave();
    });
    const volume = await testVolumes(origin).open('shared', SMALL);
    await expect(volume.write(0, pattern(100, 1))).rejects.toMatchObject(LOST);
    expectBytes(await volume.read(0, 100), new Uint8Array(100));
    await volume.close();
  });

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
    const lanes = [new Lane(0), new Lane(1), new Lane(2)];
    for (const lane of lanes) await lane.enter(tab());
    for (const how of ['flushed', 'before-write', 'any', 'flushed', 'before-write'] as const) {
      const goals = lanes.map(({ written }) => written + 3);
      const goOn = (async () => {
        const areThere = (): boolean => lanes.every(({ written }, n) => written >= goals[n]!);
        await expect.poll(areThere, { timeout: 30_000 }).toBe(true);
      })();
      await Promise.race([goOn, ...lanes.map(({ failed }) => failed)]);
      const roles = await Promise.all(lanes.map(({ volume }) => roleOf(volume)));
      const leader = lanes[roles.indexOf('leader')]!;
      await leader.die(how);
      await leader.enter(tab());
    }
    for (const lane of lanes) lane.leave();
    const { volume } = lanes[0]!;
    for (const lane of lanes) await writtenIn(volume, lane);
    expect(new Set(lanes.flatMap(({ errors }) => errors))).toEqual(
      new Set(['LEADER_LOST unknown']),
    );
    await expectSound(volume);
  });
});

const LANE_BYTES = 300_000;
const numbered = (n: number): Uint8Array => pattern(n % 5 === 4 ? LANE_BYTES : 9000, n);

/** Which write to a lane is the last, `told` or the next: all of it is there. */
async function writtenIn(volume: Volume, { at, written: told }: Lane): Promise<number> {
  const found = await volume.read(at, LANE_BYTES);
  for (const n of [told, told + 1])
    if (numbered(n).every((byte, index) => byte === found[index])) return n;
  throw new Error(`neither write ${told} is there nor the next`);
}

/** One tab's part of the volume, through all the tabs that go on with it. */
class Lane {
  readonly at: number;
  /** The last write that is known to be there. */
  written = 0;
  readonly errors: string[] = [];
  volume!: Volume;
  failed!: Promise<never>;
  #tab!: Tab;
  /** A page that died does nothing any more. */
  #presence: object | undefined;

  constructor(number: number) {
    this.at = number * LANE_BYTES;
  }

  async enter(tab: Tab): Promise<void> {
    this.#tab = tab;
    this.#presence = tab;
    this.volume = await tab.open();
    if (this.written > 0) this.written = await writtenIn(this.volume, this);
    this.failed = new Promise((_, reject) => {
      this.#run(this.volume, () => this.#presence === tab).catch(reject);
    });
    this.failed.catch(() => undefined);
  }

  leave(): void {
    this.#presence = undefined;
  }

  async die(how: 'flushed' | 'before-write' | 'any'): Promise<void> {
    const { die, dieAt } = this.#tab;
    this.leave();
    if (how !== 'any') {
      dieAt(how);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    die();
  }

  async #run(volume: Volume, isPresent: () => boolean): Promise<void> {
    while (isPresent()) {
      const next = this.written + 1;
      const end = await endOf(volume.write(this.at, numbered(next)));
      if (!isPresent()) return;
      if (end !== 'done') this.errors.push(end);
      const found = await writtenIn(volume, this);
      if (!isPresent()) return;
      if (end === 'done' && found !== next)
        throw new Error(`write ${next} was told, and is not there`);
      this.written = found;
    }
  }
}

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

describe('a follower that goes', () => {
  const two = async (): Promise<{ second: Tab; first: Tab; a: Volume; b: Volume }> => {
    const tab = newOrigin();
    const [first, second] = [tab(), tab()];
    const a = await first.open();
    return { first, second, a, b: await second.open() };
  };

  test('is hidden: it hears what became of the writes it has sent, and they do not come later', async () => {
    const { second, a, b } = await two();
    const writes = Array.from({ length: 20 }, (_, at) =>
      endOf(b.write(at * 100, pattern(100, at))),
    );
    second.park();
    expect(await Promise.all(writes)).toEqual(writes.map(() => 'done'));
    expectBytes(await a.read(1900, 100), pattern(100, 19));
    expect(await roleOf(b)).toBe('follower');
  });

  test('is hidden, and its leader says nothing: that is told, in the time that a page has', async () => {
    const { first, second, b } = await two();
    first.standStill();
    const write = endOf(b.write(0, pattern(10, 1)));
    second.park();
    expect(await write).toBe('LEADER_UNRESPONSIVE unknown');
  });

  test('closes: what it writes behind that is refused, and is not there', async () => {
    const { a, b } = await two();
    const closing = b.close();
    const behind: Promise<string>[] = [];
    for (let n = 1; n <= 20; n++) {
      behind.push(endOf(b.write(0, pattern(10, n))));
      await Promise.resolve();
    }
    const ends = await Promise.all(behind);
    const done = ends.filter((end) => end === 'done').length;
    expect(done).toBeLessThan(20);
    expect(ends).toEqual(ends.map((_, n) => (n < done ? 'done' : 'CLOSED not-written')));
    await closing;
    expectBytes(await a.read(0, 10), done === 0 ? new Uint8Array(10) : pattern(10, done));
  });

  test('closes while it is hidden, with writes that wait for it to be shown: they are refused at once', async () => {
    const { second, a, b } = await two();
    second.park();
    const closed = endOf(b.close());
    const behind = endOf(b.write(0, pattern(10, 2)));
    expect(await closed).toBe('done');
    expect(await behind).toBe('CLOSED not-written');
    expectBytes(await a.read(0, 10), new Uint8Array(10));
  });

  test('closes in the middle of a check and a diff: they are told so', async () => {
    const { a, b } = await two();
    await a.write(0, pattern(3_000_000, 1));
    const checking = endOf(b.check());
    const diff = b.diff();
    await b.close();
    expect(await checking).toMatch(/^CLOSED /);
    expect(await endOf(diff.next())).toMatch(/^CLOSED /);
  });
});

describe('messages on a link', () => {
  const guestOf = async (): Promise<{ volume: Volume; guest: RawGuest }> => {
    const origin = createMemoryHost({ channels: new MemoryChannels() });
    const volume = await testVolumes(origin).open('shared', SMALL);
    return { volume, guest: await RawGuest.join(origin, 'shared') };
  };

  test.each([
    ['no method', 'fly', []],
    ['a method of a log', 'append', [1]],
    ['opening, which is each tab’s own', 'openVolume', ['shared', {}]],
    ['closing what others use', 'closeVolume', []],
    ['parking what others use', 'park', []],
    ['a place that is none', 'write', [-1, new Uint8Array(1), null]],
    ['bytes that are none', 'write', [0, 'bytes', null]],
    ['too much to read', 'read', [0, 2 ** 40, null, true]],
    ['ops that are none', 'atomic', [[{ write: { at: 0 } }], null]],
    ['a work that is none', 'openWork', [{ kind: '__proto__' }]],
    ['too few arguments', 'snapshot', []],
  ])('%s: BAD_MESSAGE, and the next is served', async (_, method, args) => {
    const { guest } = await guestOf();
    guest.call(1, method, ...args);
    guest.call(2, 'volumeStatus');
    expect(await guest.hears(({ id }) => id === 1)).toMatchObject({
      kind: 'failed',
      error: { code: 'BAD_MESSAGE', outcome: 'not-written' },
    });
    expect(await guest.hears(({ id }) => id === 2)).toMatchObject({ answer: { ok: true } });
  });

  test('five in a row that are none end that link alone', async () => {
    const { volume, guest } = await guestOf();
    for (const body of [{}, { kind: 'call' }, { kind: 7 }, { kind: 'call', id: 1 }, { kind: 'x' }])
      guest.say(body);
    expect(await guest.hears(({ kind }) => kind === 'bye')).toMatchObject({ leadsNoMore: false });
    await volume.write(0, pattern(10, 1));
  });

  test('a flood of them is refused beyond a bound, and nobody else waits for it', async () => {
    const { volume, guest } = await guestOf();
    for (let id = 1; id <= 2000; id++) guest.call(id, 'write', 0, pattern(4096, id), null);
    await volume.write(8192, pattern(10, 1));
    const answered = guest.received.filter(({ kind }) => kind === 'answered').length;
    expect(answered).toBeLessThan(2000);
    const refused = await guest.hears(({ kind }) => kind === 'failed');
    expect(refused).toMatchObject({ error: { code: 'OVERLOADED', outcome: 'not-written' } });
  });

  test('more bytes than are held for one tab are refused', async () => {
    const { guest } = await guestOf();
    for (let id = 1; id <= 40; id++) guest.call(id, 'read', 0, 4 * 1024 * KIB, null, true);
    const refused = await guest.hears(({ kind }) => kind === 'failed');
    expect(refused).toMatchObject({ error: { code: 'OVERLOADED' } });
  });

  test('of a tab that went nothing is held: its works are dropped', async () => {
    const { volume, guest } = await guestOf();
    for (let id = 1; id <= 65; id++)
      guest.call(id, 'openWork', { kind: 'diff', from: null, to: null });
    expect(await guest.hears(({ id }) => id === 65)).toMatchObject({
      error: { code: 'UNIT_LIMIT' },
    });
    guest.say({ kind: 'bye' });
    await guest.hears(({ kind }) => kind === 'bye');
    await expectSound(volume);
  });

  test('a log of the name of a volume, or the other way: BAD_ARGUMENT, at once', async () => {
    const origin = createMemoryHost({ channels: new MemoryChannels() });
    await testVolumes(origin).open('shared', SMALL);
    const asLog = await RawGuest.join(origin, 'shared', {});
    expect(asLog.received).toMatchObject([
      { kind: 'unwelcome', error: { code: 'BAD_ARGUMENT', facts: { option: 'name' } } },
      { kind: 'bye' },
    ]);
    const log = await testEngine({ durableHost: async () => origin }).open('log');
    const asVolume = testVolumes(origin).open('log', SMALL);
    await expect(asVolume).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    await log.close();
  });
});

describe('a follower that floods', () => {
  test('does not starve another: who comes later is answered before it is through', async () => {
    const tab = newOrigin();
    await tab().open();
    const b = await tab().open();
    const c = await tab().open();
    let isThrough = false;
    const flood = Promise.all(
      Array.from({ length: 1500 }, (_, n) => b.write((n % 900) * 4096, pattern(4096, n))),
    ).then(() => (isThrough = true));
    await c.write(3_900_000, pattern(100, 1));
    expect(isThrough).toBe(false);
    await flood;
  });
});

describe('a leader whose lock is taken', () => {
  test('writes nothing more, and follows', async () => {
    const origin = createMemoryHost({ channels: new MemoryChannels() });
    const a = await testVolumes(origin).open('shared', SMALL);
    const b = await testVolumes(origin).open('shared', SMALL);
    await a.write(0, pattern(10, 1));
    const thief = await origin.locks.acquire('varve:shared', { steal: true });
    thief!.release();
    await expect.poll(() => roleOf(b)).toBe('leader');
    await a.write(0, pattern(10, 2));
    expect(await roleOf(a)).toBe('follower');
    expectBytes(await b.read(0, 10), pattern(10, 2));
  });
});
