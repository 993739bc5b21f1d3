import { RingConsumer, RingProducer } from '@varve/fifo';
import { ANSWER_ENTRY_BYTES, readAppendEntry, writeAnswerEntry } from '@varve/protocol';
import type { AppendMessage, RingMessage, ToClient, ToEngine } from '@varve/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { DataPort, Transport } from './api.ts';
import { ring } from './ring.ts';
import { collect, testEngine } from './test/harness.ts';

/** An engine that takes rings, by hand: what it was sent, and by which way. */
class HandEngine implements DataPort {
  onmessage: DataPort['onmessage'] = null;
  readonly messages: ToEngine[] = [];
  readonly told: ToClient[] = [];
  readonly ended = new AbortController();
  readonly client: DataPort;
  #rings: { readonly appends: RingConsumer; readonly answers: RingProducer } | undefined;

  constructor() {
    this.client = ring()!(this, this.ended.signal);
    this.client.onmessage = (event) => this.told.push(event.data as ToClient);
    this.say({ kind: 'hello', version: 1 });
  }

  postMessage(message: unknown): void {
    this.messages.push(message as ToEngine);
  }

  say(message: ToClient): void {
    this.onmessage?.({ data: message } as MessageEvent);
  }

  get offer(): RingMessage {
    return this.messages.find((message) => message.kind === 'ring')!;
  }

  serve(): this {
    const { appends, answers } = this.offer;
    this.#rings = { appends: new RingConsumer(appends), answers: new RingProducer(answers) };
    this.say({ kind: 'ring' });
    return this;
  }

  /** What stands in the ring: ids of appends; 0: a message was announced. */
  take(): number[] {
    const { appends } = this.#rings!;
    const found: number[] = [];
    for (let length = appends.next(); length >= 0; length = appends.next()) {
      const entry = new Uint8Array(length);
      appends.settle(appends.take(entry));
      found.push(length === 0 ? 0 : readAppendEntry(entry.buffer)!.id);
    }
    return found;
  }

  answer(id: number): void {
    const { answers } = this.#rings!;
    const entry = answers.reserve(ANSWER_ENTRY_BYTES)!;
    writeAnswerEntry(entry.bytes, { kind: 'appended', id, firstLsn: id, groups: 1 });
    entry.commit();
    answers.wake();
  }

  append(id: number, more: Partial<AppendMessage> = {}, transfer: ArrayBuffer[] = []): void {
    const buffer = new ArrayBuffer(16);
    this.client.postMessage({ kind: 'append', id, buffer, length: 16, ...more }, transfer);
  }

  get appended(): number[] {
    return this.messages.flatMap((message) => (message.kind === 'append' ? [message.id] : []));
  }
}

const engines: HandEngine[] = [];
function handEngine(): HandEngine {
  const engine = new HandEngine();
  engines.push(engine);
  return engine;
}

afterEach(() => {
  vi.unstubAllGlobals();
  for (const { ended } of engines.splice(0)) ended.abort();
});

describe('where there is no shared memory, there is no ring', () => {
  test('on a page that is not isolated', () => {
    vi.stubGlobal('crossOriginIsolated', false);
    expect(ring()).toBeUndefined();
    vi.stubGlobal('crossOriginIsolated', true);
    expect(ring()).toBeDefined();
  });

  test('without its constructor', () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    expect(ring()).toBeUndefined();
  });

  test('and a log opened with what `ring()` gives works by message', async () => {
    vi.stubGlobal('crossOriginIsolated', false);
    const log = await testEngine().open<string>('no-ring', { transport: ring() });
    expect(await log.append('by message')).toBe(1);
    await log.close();
  });
});

describe('which way an append goes', () => {
  test('by message until the engine says that it takes rings', () => {
    const engine = handEngine();
    engine.append(1);
    expect(engine.appended).toEqual([1]);
    engine.serve();
    engine.append(2);
    // The first is unanswered: the second must not overtake it.
    expect(engine.appended).toEqual([1, 2]);
    engine.say({ kind: 'appended', id: 1, firstLsn: 1, groups: 1 });
    engine.say({ kind: 'appended', id: 2, firstLsn: 2, groups: 1 });
    engine.append(3);
    expect(engine.appended).toEqual([1, 2]);
    expect(engine.take()).toEqual([3]);
  });

  test('by message: what is given away, and what ends a stream', () => {
    const engine = handEngine().serve();
    const large = new ArrayBuffer(8192);
    engine.append(1, { buffer: large }, [large]);
    engine.say({ kind: 'appended', id: 1, firstLsn: 1, groups: 1 });
    engine.append(2, { stream: 7 });
    expect(engine.appended).toEqual([1, 2]);
  });

  test('by message when the ring is full: nothing waits for room', () => {
    const engine = handEngine().serve();
    const buffer = new ArrayBuffer(4096);
    for (let id = 1; id <= 20; id++) engine.append(id, { buffer, length: 4096 });
    const byMessage = engine.appended;
    expect(byMessage.length).toBeGreaterThan(0);
    expect([...engine.take().filter((id) => id > 0), ...byMessage]).toEqual(
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    // There is room again, but what went by message has no answer yet.
    engine.append(21);
    expect(engine.appended.at(-1)).toBe(21);
  });

  test('an engine that takes no rings: by message for good', () => {
    const engine = handEngine();
    engine.say({ kind: 'refused', error: { name: 'Error', message: 'kind' }, dropped: false });
    for (let id = 1; id <= 3; id++) {
      engine.append(id);
      engine.say({ kind: 'appended', id, firstLsn: id, groups: 1 });
    }
    expect(engine.appended).toEqual([1, 2, 3]);
  });

  test('a message while appends go by ring is announced there', () => {
    const engine = handEngine().serve();
    engine.append(1);
    engine.client.postMessage({ kind: 'release', reader: 1 });
    expect(engine.take()).toEqual([1, 0]);
  });
});

describe('answers', () => {
  test('are heard from the ring, once', async () => {
    const engine = handEngine().serve();
    engine.append(1);
    engine.take();
    engine.answer(1);
    await expect
      .poll(() => engine.told)
      .toContainEqual({
        kind: 'appended',
        id: 1,
        firstLsn: 1,
        groups: 1,
      });
    expect(engine.told.filter(({ kind }) => kind === 'appended')).toHaveLength(1);
  });

  test('in the ring are heard before a message that was sent after them', () => {
    const engine = handEngine().serve();
    engine.append(1);
    engine.take();
    engine.answer(1);
    engine.say({ kind: 'failed', id: 9, error: { name: 'Error', message: 'later' } });
    expect(engine.told.map(({ kind }) => kind)).toEqual(['hello', 'appended', 'failed']);
  });

  test('by message to what went by ring end the wait for it: nothing is announced for it any more', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(0);
    const engine = handEngine().serve();
    engine.append(1);
    expect(engine.take()).toEqual([1]);
    engine.say({ kind: 'failed', id: 1, error: { name: 'Error', message: 'refused' } });
    engine.client.postMessage({ kind: 'release', reader: 1 });
    expect(engine.take()).toEqual([]);
    vi.restoreAllMocks();
  });

  test.each([
    ['heads that are none', 128, 256],
    ['a place that is none', 16, 17],
    ['taken where nothing was', 48, 49],
  ])('%s: the connection ends, with an error that says so', async (_, from, to) => {
    const engine = handEngine().serve();
    engine.append(1);
    engine.take();
    engine.answer(1);
    const { appends, answers } = engine.offer;
    new Int32Array(from === 48 ? appends : answers).fill(4104, from, to);
    engine.append(2);
    await expect
      .poll(() => engine.told.at(-1))
      .toMatchObject({
        kind: 'refused',
        dropped: true,
        error: { code: 'BAD_MESSAGE' },
      });
  });
});

describe('a log by ring', () => {
  test('keeps what was appended through closing and opening again', async () => {
    const engine = testEngine();
    const transport = ring();
    const log = await engine.open<number>('kept', { transport });
    for (let value = 1; value <= 50; value++) expect(await log.append(value)).toBe(value);
    await log.close();
    const again = await engine.open<number>('kept', { transport });
    expect(await again.append(51)).toBe(51);
    const values = (await collect(again.read())).map(({ value }) => value);
    expect(values).toEqual(Array.from({ length: 51 }, (_, at) => at + 1));
    await again.close();
  });

  test('what is refused says so and why; what follows goes on', async () => {
    const log = await testEngine().open<number>('refused', { transport: ring() });
    await log.append(1);
    const refused = log.append(2, { expect: 7 });
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', outcome: 'not-written' });
    expect(await log.append(3)).toBe(2);
    await log.close();
  });

  test('an engine that dies fails what went by ring, outcome unknown; nothing waits', async () => {
    const engine = testEngine();
    const log = await engine.open<number>('died', { transport: ring() });
    await log.append(1);
    const last = log.append(2);
    await Promise.resolve();
    await Promise.resolve();
    engine.kill();
    await expect(last).rejects.toMatchObject({ code: 'WORKER_DIED', outcome: 'unknown' });
    await expect(log.append(3)).rejects.toMatchObject({ outcome: 'not-written' });
  });

  test('a worker that is not our own: data goes by message, and nobody stands still for us', async () => {
    const engine = testEngine();
    const { startEngine } = engine.platform;
    const transport = vi.fn<Transport>((port) => port);
    Object.assign(engine.platform, { startEngine: () => ({ ...startEngine(), isOwn: false }) });
    const log = await engine.open<number>('given', { transport });
    expect(await log.append(1)).toBe(1);
    expect(transport).not.toHaveBeenCalled();
    await log.close();
  });
});
