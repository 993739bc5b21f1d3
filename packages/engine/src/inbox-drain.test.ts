/** What waits in the inbox gets into the log once, whoever dies at whatever step. */
import type { Inbox, InboxEntry } from '@varve/files';
import { createMemoryHost, MemoryInbox } from '@varve/files/memory';
import { SimulatedDisk } from '@varve/files/simulated';
import { openStore, type StoreOptions, type StorePort } from '@varve/journal';
import { type StoreEvent, VarveError } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { InboxDrain } from './inbox-drain.ts';
import { recordsOf } from './records.ts';
import { frameOf, OPEN_REQUEST } from './test/raw-client.ts';

const NAME = 'store';
const OPTIONS: StoreOptions = {
  ...OPEN_REQUEST,
  maxBytes: Number.MAX_SAFE_INTEGER,
  readerHoldBytes: 1024 * 1024,
  openUnitsMax: 4,
};
const ALICE = 'a11ce00000000001';

const entry = (...texts: string[]): InboxEntry => {
  const frames = texts.map((text) => frameOf(text));
  return {
    frames: new Uint8Array(frames.flatMap((bytes) => [...bytes])),
    groups: frames.map(({ length }) => length),
  };
};

function texts(store: StorePort): string[] {
  const chunk = store.readChunk({ after: 0, maxBytes: 1_000_000, visibility: 'durable' });
  const { bytes, heads } = recordsOf(chunk);
  const found: string[] = [];
  for (let at = 0; at < heads.length; at += 4)
    found.push(new TextDecoder().decode(bytes.subarray(heads[at + 2], heads[at + 3])));
  return found;
}

/** A leader that dies at its `dieAt`-th step: before it is done, or after that and unanswered. */
class Leader {
  readonly told: StoreEvent[] = [];
  readonly drain: InboxDrain;
  #steps = 0;
  #isDead = false;
  #tasks = 0;
  readonly #dieAt: number;
  readonly #isDone: boolean;

  constructor(
    disk: SimulatedDisk,
    store: StorePort,
    inbox: Inbox,
    dieAt = Infinity,
    isDone = true,
  ) {
    this.#dieAt = dieAt;
    this.#isDone = isDone;
    const step = this.#step.bind(this);
    this.drain = new InboxDrain({
      host: {
        ...disk.host(),
        inbox: {
          ...inbox,
          take: (name, max) => step(() => inbox.take(name, max)),
          sign: (name, stamps) => step(() => inbox.sign(name, stamps)),
          remove: (name, keys) => step(() => inbox.remove(name, keys)),
        },
      },
      name: NAME,
      store: {
        status: () => store.status(),
        append: (request: Parameters<StorePort['append']>[0]) => step(() => store.append(request)),
      } as StorePort,
      tell: (event) => this.told.push(event),
    });
    this.drain.look();
  }

  get died(): boolean {
    return this.#isDead;
  }

  /** Until it is dead, or has nothing more to do. */
  async rest(): Promise<void> {
    let idle = 0;
    while (idle < 5) {
      await new Promise((resolve) => setImmediate(resolve));
      idle = this.#tasks === 0 ? idle + 1 : 0;
    }
    this.drain.end();
  }

  async #step<T>(work: () => Promise<T>): Promise<T> {
    const step = ++this.#steps;
    const never = (): Promise<never> => {
      this.#isDead = true;
      return new Promise(() => undefined);
    };
    if (step > this.#dieAt || (step === this.#dieAt && !this.#isDone)) return never();
    this.#tasks++;
    const result = await work().finally(() => this.#tasks--);
    return step === this.#dieAt ? never() : result;
  }
}

/** The machine after this leader: its tab killed, or its power cut. */
async function nextLife(
  disk: SimulatedDisk,
  store: StorePort,
  how: 'tab' | 'power',
): Promise<{ disk: SimulatedDisk; store: StorePort }> {
  const next = how === 'tab' ? disk : disk.powerCut('none');
  store.abandon();
  return { disk: next, store: await openStore(next.host(), NAME, OPTIONS, () => undefined) };
}

async function begun(): Promise<{ disk: SimulatedDisk; store: StorePort; inbox: MemoryInbox }> {
  const disk = new SimulatedDisk({ seed: 5 });
  const store = await openStore(disk.host(), NAME, OPTIONS, () => undefined);
  // Older than its first minute: what is flushed survives a power cut.
  await disk.advanceAsync(61_000);
  return { disk, store, inbox: new MemoryInbox() };
}

/** Three appends that nobody has seen, and one that reached a leader whose answer did not come back. */
async function filled(store: StorePort, inbox: Inbox): Promise<string[]> {
  const stamp = { client: ALICE, sequence: 1, sinceGeneration: store.status().generation };
  const sent = entry('sent');
  await store.append({
    frames: sent.frames,
    stamp: { ...stamp, answeredTo: 0, isRepeated: false },
  });
  await inbox.put(NAME, entry('one'));
  await inbox.put(NAME, { ...sent, stamp });
  await inbox.put(NAME, entry('two', 'three'));
  await inbox.put(NAME, entry('four'));
  return ['sent', 'one', 'two', 'three', 'four'];
}

describe('each entry is in the log once', () => {
  const stepsMax = 40;

  test('when nobody dies; what the log has is taken out, and told', async () => {
    const { disk, store, inbox } = await begun();
    const expected = await filled(store, inbox);
    const leader = new Leader(disk, store, inbox);
    await leader.rest();
    expect(texts(store)).toEqual(expected);
    expect(await inbox.take(NAME, 10)).toEqual([]);
    const counts = leader.told.map((event) => (event.type === 'inbox' ? event.appended : 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(4);
  });

  test.each(['tab', 'power'] as const)(
    'whatever step the leader dies at, and the next one, and the one after (%s)',
    async (how) => {
      let deaths = 0;
      for (let first = 1; first <= stepsMax; first++) {
        for (const isDone of [false, true]) {
          const { inbox, ...before } = await begun();
          let { disk, store } = before;
          const expected = await filled(store, inbox);
          const leader = new Leader(disk, store, inbox, first, isDone);
          await leader.rest();
          if (leader.died) deaths++;
          ({ disk, store } = await nextLife(disk, store, how));
          // The next one dies as far on its way as this run's number says.
          await new Leader(disk, store, inbox, 1 + (first % 7), !isDone).rest();
          ({ disk, store } = await nextLife(disk, store, how));
          await new Leader(disk, store, inbox).rest();
          const at = `death at step ${first}, ${isDone ? 'done' : 'not done'}`;
          expect(texts(store).sort(), at).toEqual([...expected].sort());
          expect(await inbox.take(NAME, 10), at).toEqual([]);
          store.abandon();
          if (!leader.died) return expect(deaths).toBeGreaterThan(15);
        }
      }
      throw new Error('the leader dies at every step');
    },
  );

  test('when a leader that was deposed signs late: the first stamp stays', async () => {
    const { disk, store, inbox } = await begun();
    await inbox.put(NAME, entry('one'));
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const late: Inbox = {
      put: (name, put) => inbox.put(name, put),
      take: (name, max) => inbox.take(name, max),
      remove: (name, keys) => inbox.remove(name, keys),
      clear: (name) => inbox.clear(name),
      sign: async (name, stamps) => {
        await held;
        await inbox.sign(name, stamps);
      },
    };
    const first = new InboxDrain({
      host: { ...disk.host(), inbox: late },
      name: NAME,
      store,
      tell: () => undefined,
    });
    first.look();
    await new Promise((resolve) => setImmediate(resolve));
    first.end();
    let next = await nextLife(disk, store, 'tab');
    // Takes, signs, appends and dies: the entry is in the log and in the inbox.
    await new Leader(next.disk, next.store, inbox, 4, true).rest();
    expect(await inbox.take(NAME, 10)).toHaveLength(1);
    letGo();
    await new Promise((resolve) => setImmediate(resolve));
    next = await nextLife(next.disk, next.store, 'tab');
    await new Leader(next.disk, next.store, inbox).rest();
    expect(texts(next.store)).toEqual(['one']);
    expect(await inbox.take(NAME, 10)).toEqual([]);
  });

  test('when more clients append than the log remembers, before it is taken out', async () => {
    const { disk, store, inbox } = await begun();
    const expected = ['one', 'two'];
    for (const text of expected) await inbox.put(NAME, entry(text));
    await new Leader(disk, store, inbox, 5, true).rest();
    expect(await inbox.take(NAME, 10)).toHaveLength(2);
    const crowd = async (to: StorePort): Promise<void> => {
      const sinceGeneration = to.status().generation;
      for (let index = 0; index < 300; index++) {
        const client = `0b0b0000000${String(sinceGeneration).padStart(2, '0')}${String(index).padStart(3, '0')}`;
        const stamp = { client, sequence: 1, sinceGeneration, answeredTo: 0, isRepeated: false };
        await to.append({ frames: frameOf('crowd'), stamp });
      }
    };
    await crowd(store);
    const next = await nextLife(disk, store, 'tab');
    await crowd(next.store);
    const last = new Leader(next.disk, next.store, inbox);
    await last.rest();
    expect(texts(next.store).filter((text) => text !== 'crowd')).toEqual(expected);
    expect(last.told).toEqual([{ type: 'inbox', appended: 2, dropped: [] }]);
  });

  test('when a crowd came between the stamp and the append: it is not taken for one that was forgotten', async () => {
    const { disk, store, inbox } = await begun();
    await inbox.put(NAME, entry('one'));
    // Signs, and dies.
    await new Leader(disk, store, inbox, 2, true).rest();
    const sinceGeneration = store.status().generation;
    for (let index = 0; index < 300; index++) {
      const client = `0b0b000000000${String(index).padStart(3, '0')}`;
      const stamp = { client, sequence: 1, sinceGeneration, answeredTo: 0, isRepeated: false };
      await store.append({ frames: frameOf('crowd'), stamp });
    }
    const next = await nextLife(disk, store, 'tab');
    const last = new Leader(next.disk, next.store, inbox);
    await last.rest();
    expect(texts(next.store).filter((text) => text !== 'crowd')).toEqual(['one']);
    expect(last.told).toEqual([{ type: 'inbox', appended: 1, dropped: [] }]);
  });
});

describe('what cannot be appended', () => {
  test('garbage is dropped and told; what stands behind it is appended', async () => {
    const { disk, store, inbox } = await begun();
    const strange: unknown[] = [
      { frames: new Uint8Array() },
      { frames: new Uint8Array([64, 0, 0, 200]) },
      { frames: new Uint8Array([1, 0, 0, 0]) },
      { frames: new Uint8Array([64, 2, 0, 0]) },
      { ...entry('x'), groups: [1, 4] },
      { ...entry('x'), groups: [] },
      { ...entry('x'), stamp: { client: 'me', sequence: 1, sinceGeneration: 1 } },
      { ...entry('x'), stamp: { client: ALICE, sequence: 0, sinceGeneration: 1 } },
      { ...entry('x'), stamp: 7 },
    ];
    for (const one of strange) await inbox.put(NAME, one as InboxEntry);
    await inbox.put(NAME, entry('good'));
    const leader = new Leader(disk, store, inbox);
    await leader.rest();
    expect(texts(store)).toEqual(['good']);
    expect(await inbox.take(NAME, 10)).toEqual([]);
    const dropped = leader.told.flatMap((event) => (event.type === 'inbox' ? event.dropped : []));
    expect(dropped).toEqual(strange.map(() => 'BAD_MESSAGE'));
  });

  test('a record that the store will not have is dropped; its neighbours of the same signing are not', async () => {
    const { disk, inbox } = await begun();
    const small = { ...OPTIONS, maxRecordBytes: 1_000 };
    const store = await openStore(disk.host(), 'small', small, () => undefined);
    await inbox.put(NAME, entry('before'));
    await inbox.put(NAME, entry('x'.repeat(2_000)));
    await inbox.put(NAME, entry('after'));
    await inbox.put(NAME, entry('last'));
    const leader = new Leader(disk, store, inbox);
    await leader.rest();
    expect(texts(store)).toEqual(['before', 'after', 'last']);
    const dropped = leader.told.flatMap((event) => (event.type === 'inbox' ? event.dropped : []));
    expect(dropped).toEqual(['RECORD_TOO_LARGE']);
  });

  test.each(['STORE_FULL', 'QUOTA_EXCEEDED', 'POISONED', 'CLOSED', 'READ_ONLY'] as const)(
    '%s passes: the entry stays, and is appended when it has passed',
    async (code) => {
      const { disk, store, inbox } = await begun();
      await inbox.put(NAME, entry('one'));
      let refused = 0;
      const told: StoreEvent[] = [];
      const drain = new InboxDrain({
        host: { ...disk.host(), inbox },
        name: NAME,
        store: {
          status: () => store.status(),
          append: async (request: Parameters<StorePort['append']>[0]) => {
            if (refused++ === 0) throw new VarveError(code, undefined, { outcome: 'unknown' });
            return store.append(request);
          },
        } as StorePort,
        tell: (event) => told.push(event),
      });
      drain.look();
      await new Promise((resolve) => setImmediate(resolve));
      expect(await inbox.take(NAME, 10)).toHaveLength(1);
      expect(told).toEqual([]);
      await disk.advanceAsync(6_000);
      await expect.poll(() => inbox.take(NAME, 10)).toEqual([]);
      expect(texts(store)).toEqual(['one']);
      drain.end();
    },
  );
});

test('an inbox whose database fails keeps nobody from appending', async () => {
  const host = createMemoryHost();
  const store = await openStore(host, NAME, OPTIONS, () => undefined);
  const broken = async (): Promise<never> => {
    throw new Error('no database');
  };
  const inbox: Inbox = { put: broken, take: broken, sign: broken, remove: broken, clear: broken };
  const drain = new InboxDrain({
    host: { ...host, inbox },
    name: NAME,
    store,
    tell: () => undefined,
  });
  drain.look();
  expect(await store.append({ frames: frameOf('one') })).toMatchObject({ firstLsn: 1 });
  drain.end();
  await store.close();
});
