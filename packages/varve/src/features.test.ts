import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OpenOptions, ReadOptions, StandardSchema } from './api.ts';
import { bytesCodec, bytesViewCodec } from './codec/index.ts';
import { collect, testEngine } from './test/harness.ts';

describe('reading', () => {
  test('any selection gives what a list would give', { timeout: 60_000 }, async () => {
    const log = await testEngine().open<Uint8Array>('model', {
      codec: bytesCodec,
      segmentSizeBytes: 65_536,
    });
    const model: { lsn: number; size: number; type: number; channel: number }[] = [];
    for (let batch = 0; batch < 60; batch++) {
      const size = (batch * 7919) % 4000;
      const values = Array.from(
        { length: 1 + (batch % 9) },
        (_, index) => new Uint8Array(size + index),
      );
      const [type, channel] = [64 + (batch % 3), batch % 4];
      const first = await log.appendBatch(values, { type, channel });
      values.forEach((value, i) =>
        model.push({ lsn: first + i, size: value.length, type, channel }),
      );
    }
    const lsn = fc.integer({ min: 0, max: model.length + 3 });
    const selection: fc.Arbitrary<ReadOptions> = fc.record(
      {
        after: lsn,
        before: lsn,
        limit: fc.integer({ min: 0, max: 50 }),
        reverse: fc.boolean(),
        type: fc.constantFrom(64, 65, 66, 67),
        channel: fc.integer({ min: 0, max: 4 }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(selection, async (options) => {
        const { after = 0, before = Infinity, limit = Infinity, reverse, type, channel } = options;
        const wanted = model.filter(
          (record) =>
            record.lsn > after &&
            record.lsn < before &&
            (type === undefined || record.type === type) &&
            (channel === undefined || record.channel === channel),
        );
        if (reverse) wanted.reverse();
        const got = (await collect(log.read(options))).map(({ value, timeMs: _, ...rest }) => ({
          ...rest,
          size: value.length,
        }));
        expect(got).toEqual(wanted.slice(0, limit));
      }),
      { numRuns: 150 },
    );
    await log.close();
  });

  test('views hold what was read while reading, and what is appended, goes on', async () => {
    const engine = testEngine();
    const log = await engine.open<Uint8Array>('views', { codec: bytesViewCodec });
    const sizes = Array.from({ length: 400 }, (_, index) => 1 + ((index * 7919) % 3000));
    await log.appendBatch(sizes.map((size, index) => new Uint8Array(size).fill(index)));
    const views = (await collect(log.read())).map(({ value }) => value);
    await log.append(new Uint8Array(500_000).fill(255));
    await collect(log.read({ reverse: true }));
    views.forEach((view, index) => {
      expect(view.length).toBe(sizes[index]);
      expect(view.every((byte) => byte === (index & 255))).toBe(true);
    });
    await log.close();
  });

  test('a read that ended inside a batch is taken up by the next one there', async () => {
    const log = await testEngine().open<number>('cut');
    await log.appendBatch([1, 2, 3, 4]);
    await log.appendBatch([5, 6, 7, 8]);
    for (const before of [3, 6]) {
      await collect(log.read({ before }));
      const rest = await collect(log.read({ after: before - 1 }));
      expect(rest.map(({ lsn }) => lsn)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].slice(before - 1));
    }
    await log.close();
  });

  test('calls of next that do not wait for each other get the records in order', async () => {
    const log = await testEngine().open<number>('eager');
    await log.appendBatch([1, 2, 3]);
    const records = log.read();
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => records.next()));
    expect(results.map(({ value }) => value?.value)).toEqual([1, 2, 3, undefined, undefined]);
    await log.close();
  });

  test('an iterator that is left early lets go of the history it held', async () => {
    const log = await testEngine().open<number>('left');
    await log.appendBatch([1, 2, 3]);
    for await (const { lsn } of log.read()) if (lsn === 2) break;
    await expect.poll(async () => (await log.refreshStatus()).holders).toBe(0);
    await log.close();
  });

  test('a read whose signal fires rejects ABORTED; a tail ends', async () => {
    const log = await testEngine().open<number>('signals');
    await log.append(1);
    const abort = new AbortController();
    const reading = log.read({ signal: abort.signal });
    const tailing = log.tail({ after: 1, signal: abort.signal });
    const waiting = tailing.next();
    abort.abort();
    await expect(reading.next()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await waiting).toEqual({ done: true, value: undefined });
    await log.close();
  });

  test('closing the log ends a tail with CLOSED', async () => {
    const log = await testEngine().open<number>('closed-tail');
    const waiting = log.tail().next();
    await log.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('a record of any length is read as a stream', async () => {
    const log = await testEngine().open<Uint8Array>('streams', { codec: bytesCodec });
    const bytes = new Uint8Array(2_500_000).map((_, index) => index * 31);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 99_991) yield bytes.slice(at, at + 99_991);
    }
    const [small, large] = [await log.append(bytes.slice(0, 10)), await log.appendStream(pieces())];
    for (const [lsn, length] of [
      [small, 10],
      [large, bytes.length],
    ] as const) {
      const read = Buffer.concat(await collect(log.getStream(lsn)));
      expect(Buffer.compare(read, bytes.subarray(0, length))).toBe(0);
    }
    await expect(collect(log.getStream(99))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await log.close();
  });
});

describe('appending', () => {
  test('a stream that fails half-way leaves nothing, and says so', async () => {
    const log = await testEngine().open<Uint8Array>('half', { codec: bytesCodec });
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(700_000);
      throw new Error('the network went away');
    }
    await expect(log.appendStream(failing())).rejects.toMatchObject({
      outcome: 'not-written',
      cause: { message: 'the network went away' },
    });
    const abort = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield new Uint8Array(100_000);
        abort.abort();
      }
    }
    await expect(log.appendStream(endless(), { signal: abort.signal })).rejects.toMatchObject({
      code: 'ABORTED',
      outcome: 'not-written',
    });
    expect(await log.append(new Uint8Array(1))).toBe(1);
    await log.close();
  });

  test('aborted before it was sent it never happens; its neighbours do', async () => {
    const log = await testEngine().open<string>('abort-early');
    const abort = new AbortController();
    const [a, b, c] = [log.append('a'), log.append('b', { signal: abort.signal }), log.append('c')];
    abort.abort();
    await expect(b).rejects.toMatchObject({ code: 'ABORTED', outcome: 'not-written' });
    expect(await Promise.all([a, c])).toEqual([1, 2]);
    expect((await collect(log.read())).map(({ value }) => value)).toEqual(['a', 'c']);
    await log.close();
  });

  test('aborted after it was sent its outcome is unknown', async () => {
    const log = await testEngine().open<string>('abort-late');
    const abort = new AbortController();
    const pending = log.append('sent', { signal: abort.signal });
    await Promise.resolve();
    await Promise.resolve();
    abort.abort();
    await expect(pending).rejects.toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    await log.flush();
    await log.close();
  });

  test('a batch far larger than a segment is all there or not at all, in order', async () => {
    const options = { codec: bytesCodec, segmentSizeBytes: 65_536 };
    const log = await testEngine().open<Uint8Array>('wide', options);
    const values = Array.from({ length: 150 }, (_, i) =>
      new Uint8Array((i * 997) % 60_000).fill(i),
    );
    const before = log.append(new Uint8Array(500_000).fill(7));
    const batch = log.appendBatch(values);
    const after = log.append(new Uint8Array(1));
    expect(await Promise.all([before, batch, after])).toEqual([1, 2, 152]);
    const read = await collect(log.read());
    expect(read).toHaveLength(152);
    expect(read[0]!.value.length).toBe(500_000);
    values.forEach((value, i) => {
      expect(Buffer.compare(read[i + 1]!.value, value)).toBe(0);
    });
    const tooWide = Array.from({ length: 64 }, () => new Uint8Array(1024 * 1024));
    await expect(log.appendBatch(tooWide)).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      outcome: 'not-written',
    });
    await log.close();
  });

  test('compare-and-append lets one of two writers win', async () => {
    const log = await testEngine().open<string>('expect');
    const results = await Promise.allSettled([
      log.append('mine', { expect: 0 }),
      log.append('theirs', { expect: 0 }),
    ]);
    expect(results[0]).toMatchObject({ status: 'fulfilled', value: 1 });
    expect(results[1]).toMatchObject({ reason: { code: 'CONFLICT', outcome: 'not-written' } });
    await log.close();
  });

  test('past the high-water mark tryAppend says no and append waits; both recover', async () => {
    const log = await testEngine().open<Uint8Array>('full', {
      codec: bytesCodec,
      queueBytes: 10_000,
    });
    const waiting = Array.from({ length: 20 }, () => log.append(new Uint8Array(1000)));
    expect(log.tryAppend(new Uint8Array(1))).toBeUndefined();
    expect(await Promise.all(waiting)).toHaveLength(20);
    expect(log.status().queue.stalls).toBeGreaterThan(0);
    expect(await log.tryAppend(new Uint8Array(1))).toBe(21);
    await log.close();
  });

  test('a record past its limit is refused before anything is sent', async () => {
    const log = await testEngine().open<Uint8Array>('limit', {
      codec: bytesCodec,
      maxRecordBytes: 100,
    });
    await expect(log.append(new Uint8Array(101))).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      outcome: 'not-written',
    });
    const stream = new Blob([new Uint8Array(120)]).stream();
    await expect(log.appendStream(stream)).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      outcome: 'not-written',
    });
    await log.close();
  });

  test('bytes are copied in: what the caller does with them afterwards changes nothing', async () => {
    const log = await testEngine().open<Uint8Array>('copied', { codec: bytesCodec });
    for (const size of [3, 3_000_000]) {
      const bytes = new Uint8Array(size).fill(1);
      const pending = log.append(bytes);
      bytes.fill(9);
      expect(new Set((await log.get(await pending))!.value)).toEqual(new Set([1]));
    }
    await log.close();
  });
});

describe('schema and upcast', () => {
  const isString: StandardSchema<string> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof value === 'string' ? { value } : { issues: [{ message: 'not a string' }] },
    },
  };

  test('a value the schema refuses is not written; what an older version wrote is brought up first', async () => {
    const engine = testEngine();
    const old = await engine.open<number>('shapes');
    await old.append(7);
    await old.close();
    const log = await engine.open<string>('shapes', { schema: isString, upcast: String });
    await expect(log.append(8 as never)).rejects.toMatchObject({
      code: 'SCHEMA_REFUSED',
      outcome: 'not-written',
    });
    expect((await log.get(1))?.value).toBe('7');
    await log.close();
    const strict = await engine.open<string>('shapes', { schema: isString });
    await expect(strict.get(1)).rejects.toMatchObject({ code: 'SCHEMA_REFUSED' });
    await strict.close();
  });

  test('a schema that answers later is refused: an append must know at once', async () => {
    const later: StandardSchema<unknown> = {
      '~standard': { version: 1, vendor: 'test', validate: async (value: unknown) => ({ value }) },
    };
    const log = await testEngine().open('later', { schema: later });
    await expect(log.append(1)).rejects.toMatchObject({ code: 'SCHEMA_REFUSED' });
    await log.close();
  });

  test('a value that the codec would change is refused', async () => {
    const log = await testEngine().open('codec');
    await expect(log.append(() => 1)).rejects.toMatchObject({
      code: 'CODEC_REFUSED',
      outcome: 'not-written',
    });
    await log.close();
  });
});

describe('checkpoints', () => {
  const sum = (state: number, { value }: { value: number }): number => state + value;

  test('recover starts from the state, replay after it, wherever the state record lies', async () => {
    const engine = testEngine();
    const log = await engine.open<number>('sums');
    await log.appendBatch([1, 2, 3, 4]);
    await log.checkpoint(3, { upTo: 2 });
    expect(await log.recover(sum, 0)).toEqual({ state: 10, lsn: 4 });
    expect((await collect(log.replay())).map(({ lsn }) => lsn)).toEqual([3, 4]);
    await log.close();
    const again = await engine.open<number>('sums');
    expect(await again.recover(sum, 100)).toEqual({ state: 10, lsn: 4 });
    expect(again.status().coveredLsn).toBe(2);
    await again.close();
  });

  test('are taken by themselves when enough bytes are on disk, also right after opening', async () => {
    const engine = testEngine();
    let total = 0;
    let upTo = 0;
    const checkpoint = { everyBytes: 20_000, state: () => ({ state: total, upTo }) };
    const log = await engine.open<string>('automatic');
    for (let i = 0; i < 40; i++) upTo = await log.append('x'.repeat(1000));
    total = 40;
    await log.close();
    const again = await engine.open<string>('automatic', { checkpoint });
    again.addEventListener('checkpointFailed', ({ detail }) => expect.fail(String(detail.error)));
    total = 41;
    upTo = await again.append('y');
    await expect.poll(() => again.status().coveredLsn, { timeout: 5000 }).toBe(41);
    expect(await again.recover(() => -1, 0)).toEqual({ state: 41, lsn: 41 });
    await again.close();
  });

  test('a provider that fails is told, and does no harm', async () => {
    const engine = testEngine();
    const state = (): never => {
      throw new Error('nobody knows');
    };
    const log = await engine.open<string>('failing', { checkpoint: { everyBytes: 100, state } });
    const failed = new Promise((resolve) =>
      log.addEventListener('checkpointFailed', ({ detail }) => resolve(detail.error.message)),
    );
    await log.append('x'.repeat(1000));
    expect(await failed).toBe('nobody knows');
    expect(await log.append('y')).toBe(2);
    await log.close();
  });
});

describe('status and events', () => {
  test('status is the same object until something changes, and subscribers hear of it', async () => {
    const log = await testEngine().open<number>('status');
    const before = log.getSnapshot();
    expect(log.getSnapshot()).toBe(before);
    let calls = 0;
    const unsubscribe = log.subscribe(() => calls++);
    await log.append(1);
    expect(log.getSnapshot()).not.toBe(before);
    expect(log.getSnapshot().durableLsn).toBe(1);
    await expect.poll(() => calls).toBeGreaterThan(0);
    unsubscribe();
    await log.close();
  });

  test('durable, trimmed, checkpointed and closed are told as events', async () => {
    const log = await testEngine().open<number>('events');
    const told: string[] = [];
    for (const type of ['durable', 'checkpointed', 'trimmed', 'closed'] as const) {
      log.addEventListener(type, () => void told.push(type));
    }
    await log.appendBatch([1, 2, 3]);
    await log.checkpoint('state', { upTo: 3 });
    await log.trim(2);
    await expect
      .poll(() => told)
      .toEqual(expect.arrayContaining(['durable', 'checkpointed', 'trimmed']));
    await log.close();
    expect(told.at(-1)).toBe('closed');
  });

  test('options that conflict with what this page has open are refused by name', async () => {
    const engine = testEngine();
    const log = await engine.open('conflict', { durability: 'relaxed' });
    await expect(engine.open('conflict', { durability: 'strict' })).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      facts: { option: 'durability' },
    });
    await expect(engine.open('conflict', { codec: bytesCodec as never })).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      facts: { option: 'codec' },
    });
    expect(await log.append(1)).toBe(1);
    await log.close();
  });
});

describe('options', () => {
  test.each<[string, unknown]>([
    ['durability', { durability: 'eventual' }],
    ['create', { create: 1 }],
    ['fallback', { fallback: 'disk' }],
    ['alignmentBytes', { alignmentBytes: 512 }],
    ['segmentSizeBytes', { segmentSizeBytes: 5000 }],
    ['segmentSizeBytes', { segmentSizeBytes: 2 ** 27 }],
    ['maxBytes', { maxBytes: 1 }],
    ['maxStateBytes', { maxStateBytes: 0 }],
    ['queueBytes', { queueBytes: NaN }],
    ['relaxed.ms', { relaxed: { ms: -1 } }],
    ['busyTimeoutMs', { busyTimeoutMs: 'soon' }],
    ['checkpoint.everyBytes', { checkpoint: { everyBytes: 0.5, state: () => ({}) } }],
    ['options', null],
    ['keep', { keep: 'forever' }],
    ['keep', { keep: null }],
    ['keep.bytes', { keep: { bytes: 0 } }],
    ['keep.records', { keep: {} }],
  ])('a wrong %s is refused by its name', async (option, options) => {
    await expect(testEngine().open('options', options as OpenOptions)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      facts: { option },
    });
  });
});
