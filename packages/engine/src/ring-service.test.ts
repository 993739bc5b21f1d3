import { RingConsumer, RingProducer, createRing } from '@varve/fifo';
import { appendEntryBytes, readAnswerEntry, writeAppendEntry } from '@varve/protocol';
import type { AppendedMessage } from '@varve/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RingService } from './ring-service.ts';
import type { RingUser } from './ring-service.ts';
import type { EngineServices } from './services.ts';
import { RawClient, frameOf, testServices } from './test/raw-client.ts';

/** Words of a ring's head: see `layout.ts` of `@varve/fifo`. */
const WRITTEN = 16;
const DURABLE = 48;

const nextTask = (delayMs = 0): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, delayMs));

/** A client's own end of its rings. */
class RingClient {
  readonly appends = createRing(64 * 1024);
  readonly answers: SharedArrayBuffer;
  readonly heard: AppendedMessage[] = [];
  readonly producer = new RingProducer(this.appends);
  readonly consumer: RingConsumer;

  constructor(answersBytes = 64 * 1024) {
    this.answers = createRing(answersBytes);
    this.consumer = new RingConsumer(this.answers);
  }

  put(id: number, text = String(id)): void {
    const frame = frameOf(text);
    const message = { kind: 'append', id, buffer: frame.buffer, length: frame.length } as const;
    const entry = this.producer.reserve(appendEntryBytes(message))!;
    writeAppendEntry(entry.bytes, message);
    entry.commit();
    this.producer.wake();
  }

  hear(): AppendedMessage[] {
    for (let length = this.consumer.next(); length >= 0; length = this.consumer.next()) {
      const entry = new Uint8Array(length);
      this.consumer.settle(this.consumer.take(entry));
      this.heard.push(readAnswerEntry(entry)!);
    }
    return this.heard;
  }
}

const ends: (() => void)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const end of ends.splice(0)) end();
  await nextTask(20);
});

/** The thread counts connections: each ends with its test. */
function connect(services: EngineServices): RawClient {
  const client = new RawClient(services);
  ends.push(() => client.close());
  return client;
}

async function opened(services = testServices(), ring = new RingClient(), name = 'store') {
  const client = connect(services);
  expect(await client.open(name)).toMatchObject({ ok: true });
  client.send({ kind: 'ring', appends: ring.appends, answers: ring.answers });
  await client.expect('ring');
  return { client, ring };
}

/** `onEntry` is told how many there were. */
function serve(ring: RingClient, onEntry: (count: number) => void): RingService {
  let count = 0;
  const user: RingUser = {
    onEntry: () => onEntry(++count),
    onBroken: (error) => {
      throw error;
    },
    mayStandStill: () => false,
  };
  const service = new RingService(ring.appends, ring.answers, user);
  ends.push(() => service.end());
  return service;
}

describe('appends by ring', () => {
  test('are answered by ring, in their order', async () => {
    const { ring, client } = await opened();
    for (const id of [1, 2, 3]) ring.put(id);
    await expect.poll(() => ring.hear().length).toBe(3);
    expect(ring.heard.map(({ id, firstLsn }) => [id, firstLsn])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(client.received.some(({ kind }) => kind === 'appended')).toBe(false);
  });

  test('that were published before a message was sent are staged before it', async () => {
    const { ring, client } = await opened();
    for (let round = 0; round < 20; round++) {
      ring.put(2 * round);
      client.append(2 * round + 1, 'by message');
      const { firstLsn } = await client.expect('appended', 2 * round + 1);
      await expect.poll(() => ring.hear().at(-1)).toMatchObject({ id: 2 * round });
      expect(firstLsn).toBe(ring.heard.at(-1)!.firstLsn + 1);
    }
  });

  test('that wait, say for a parked store, have the rest of their task before others are taken', async () => {
    const ring = new RingClient();
    let isSettled = true;
    const order: boolean[] = [];
    const service = serve(ring, (count) => {
      if (count % 2 === 0) {
        order.push(isSettled);
        return service.answered();
      }
      isSettled = false;
      void (async () => {
        for (let step = 0; step < 200; step++) await Promise.resolve();
        isSettled = true;
        service.answered();
      })();
      // Published at once: it could be taken next.
      ring.put(count);
    });
    for (let round = 0; round < 20; round++) {
      ring.put(0);
      await expect.poll(() => order.length).toBe(round + 1);
    }
    expect(order).not.toContain(false);
  });

  test('whose answers find no room are answered by message', async () => {
    const { ring, client } = await opened(testServices(), new RingClient(256));
    for (let id = 1; id <= 10; id++) ring.put(id);
    await client.expect('appended', 10);
    const byMessage = client.received.filter(({ kind }) => kind === 'appended').length;
    expect(byMessage + ring.hear().length).toBe(10);
    expect(ring.heard.length).toBeGreaterThan(0);
  });

  test('that are refused hear why by message; what follows goes on', async () => {
    const { ring, client } = await opened();
    const entry = ring.producer.reserve(64)!;
    const junk = new Uint8Array([9, 9, 9, 9]);
    const message = { kind: 'append', id: 1, buffer: junk.buffer, length: 4 } as const;
    const bytes = appendEntryBytes(message);
    writeAppendEntry(entry.bytes, message);
    entry.commit(bytes);
    ring.producer.wake();
    expect(await client.expect('failed', 1)).toMatchObject({
      error: { code: 'BAD_MESSAGE', outcome: 'not-written' },
    });
    ring.put(2);
    await expect.poll(() => ring.hear()).toMatchObject([{ id: 2, firstLsn: 1 }]);
  });

  test('find the store again that was parked, and the rings of a client that closed are let go', async () => {
    const services = testServices();
    const { ring, client } = await opened(services);
    ring.put(1);
    await expect.poll(() => ring.hear().length).toBe(1);
    expect(await client.call('park')).toMatchObject({ ok: true });
    ring.put(2);
    await expect.poll(() => ring.hear().length).toBe(2);
    client.close();
    await nextTask(20);
    ring.put(3);
    const next = await opened(services, new RingClient());
    next.ring.put(4);
    await expect.poll(() => next.ring.hear()).toMatchObject([{ id: 4, firstLsn: 3 }]);
    expect(ring.hear()).toHaveLength(2);
  });
});

describe('a hostile client', () => {
  const scribbles: [string, (ring: RingClient) => void][] = [
    ['a place that is none', ({ appends }) => (new Int32Array(appends)[WRITTEN] = 8)],
    ['more than the ring holds', ({ appends }) => (new Int32Array(appends)[WRITTEN] = 1 << 20)],
    ['heads that are none', ({ appends }) => new Int32Array(appends).fill(-1, 128, 256)],
    ['answers that it never took', ({ answers }) => (new Int32Array(answers)[DURABLE] = 4096)],
    [
      'an entry that is no append',
      ({ producer }) => {
        producer.reserve(3)!.commit();
        producer.wake();
      },
    ],
  ];

  test.each(scribbles)('%s: it is dropped, others are served on', async (_, scribble) => {
    const services = testServices();
    const other = await opened(services, new RingClient(), 'other');
    const { ring, client } = await opened(services, new RingClient(), 'mine');
    ring.put(1);
    scribble(ring);
    ring.producer.wake();
    expect(await client.expect('refused')).toMatchObject({
      dropped: true,
      error: { code: 'BAD_MESSAGE' },
    });
    other.ring.put(1);
    await expect.poll(() => other.ring.hear()).toMatchObject([{ id: 1, firstLsn: 1 }]);
    // Lock and handle were given back.
    const heir = connect(services);
    expect(await heir.open('mine', { busyTimeoutMs: 2000 })).toMatchObject({ ok: true });
  });

  test.each([
    ['no ring', new SharedArrayBuffer(1000)],
    ['a ring that is larger than any client needs', createRing(1024 * 1024)],
    ['memory that is not shared', new ArrayBuffer(512 + 256)],
  ])('%s instead of rings is refused', async (_, memory) => {
    const client = connect(testServices());
    client.send({ kind: 'ring', appends: memory, answers: memory });
    expect(await client.expect('refused')).toMatchObject({ error: { code: 'BAD_MESSAGE' } });
  });

  test('a second pair of rings is refused', async () => {
    const { client } = await opened();
    const { appends, answers } = new RingClient();
    client.send({ kind: 'ring', appends, answers });
    expect(await client.expect('refused')).toMatchObject({ dropped: true });
  });

  test('a bell that is rung without end starves nobody', async () => {
    // Whoever rings between the look and the sleep ends the sleep without a task.
    let sleeps = 0;
    const bell = vi.spyOn(RingConsumer.prototype, 'wait').mockImplementation(async () => {
      if (++sleeps > 300_000) bell.mockRestore();
    });
    // Each takes a microsecond, however busy this machine is.
    vi.spyOn(performance, 'now').mockImplementation(() => sleeps / 1000);
    const service = serve(new RingClient(), () => undefined);
    for (let turn = 0; turn < 5; turn++) await nextTask(1);
    expect(sleeps).toBeGreaterThan(5);
    expect(sleeps).toBeLessThan(300_000);
    service.end();
  });

  test('appends without end starve nobody', async () => {
    const ring = new RingClient();
    let taken = 0;
    let isOver = false;
    const service = serve(ring, (count) => {
      taken = count;
      service.answered();
      if (count < 300_000 && !isOver) ring.put(count);
    });
    ring.put(0);
    while (taken === 0) await nextTask();
    for (let turn = 0; turn < 5; turn++) await nextTask(1);
    isOver = true;
    expect(taken).toBeLessThan(300_000);
  });
});

describe('standing still', () => {
  /** Appends in quick succession; how often the thread stood still for them. */
  async function stands(ring: RingClient): Promise<number> {
    const wait = vi.spyOn(Atomics, 'wait').mockClear();
    const first = ring.heard.length + 1;
    for (let id = first; id < first + 200; id++) {
      ring.put(id);
      while (ring.hear().length < id) await nextChannelTask();
    }
    return wait.mock.calls.length;
  }
  const nextChannelTask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const patient = (): EngineServices => ({ ...testServices(), mayStandStill: true });

  test('happens while appends come in quick succession', async () => {
    const { ring } = await opened(patient());
    expect(await stands(ring)).toBeGreaterThan(0);
  });

  test('not where the thread is not the engine’s', async () => {
    const { ring } = await opened();
    expect(await stands(ring)).toBe(0);
  });

  test('not while another connection is open: it would be held up; again when that has ended', async () => {
    const services = patient();
    const { ring } = await opened(services);
    const other = new RawClient(services);
    await other.expect('hello');
    expect(await stands(ring)).toBe(0);
    other.close();
    await expect.poll(() => stands(ring)).toBeGreaterThan(0);
  });

  test('not while an append is unanswered', async () => {
    const ring = new RingClient();
    const mayStandStill = vi.fn<() => boolean>(() => false);
    const user: RingUser = {
      onEntry: () => undefined,
      onBroken: () => undefined,
      mayStandStill,
    };
    const service = new RingService(ring.appends, ring.answers, user);
    for (let id = 1; id <= 50; id++) {
      ring.put(id);
      await nextChannelTask();
    }
    expect(mayStandStill).not.toHaveBeenCalled();
    service.end();
  });
});
