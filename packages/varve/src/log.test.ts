import { describe, expect, test } from 'vitest';
import { collect, testEngine } from './test/harness.ts';

describe('a log over an engine', () => {
  test('what is appended is read back, in order, with its LSN', async () => {
    const log = await testEngine().open<{ n: number }>('a');
    const lsns = await Promise.all([1, 2, 3].map((n) => log.append({ n })));
    expect(lsns).toEqual([1, 2, 3]);
    expect((await collect(log.read())).map(({ lsn, value }) => [lsn, value.n])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect((await collect(log.read({ reverse: true, limit: 2 }))).map((e) => e.lsn)).toEqual([
      3, 2,
    ]);
    expect(log.status().lastLsn).toBe(3);
    await log.close();
    expect(log.status().state).toBe('closed');
    await expect(log.append({ n: 4 })).rejects.toMatchObject({
      code: 'CLOSED',
      outcome: 'not-written',
    });
  });

  test('a tail gives what is there and what comes, and ends with its signal', async () => {
    const log = await testEngine().open<number>('tail');
    await log.append(1);
    const stop = new AbortController();
    const seen: number[] = [];
    const tailing = (async () => {
      for await (const { value } of log.tail({ signal: stop.signal })) {
        seen.push(value);
        if (value === 3) stop.abort();
      }
    })();
    await log.append(2);
    await log.append(3);
    await tailing;
    expect(seen).toEqual([1, 2, 3]);
    await log.close();
  });

  test('a large value comes back whole', async () => {
    const log = await testEngine().open<Uint8Array>('big');
    const value = new Uint8Array(3_000_000).map((_, i) => i);
    const lsn = await log.append(value);
    expect(Buffer.compare((await log.get(lsn))!.value, value)).toBe(0);
    await log.close();
  });

  test('a projection follows the log without a gap', async () => {
    const log = await testEngine().open<number>('projection');
    await log.append(1);
    const sum = log.project((state: number, { value }) => state + value, 0);
    await log.append(2);
    await sum.ready;
    await log.append(4);
    await expect.poll(() => sum.getSnapshot()).toBe(7);
    sum.close();
    await log.close();
  });

  test('a state made of one type of record is not tripped up by streams of another', async () => {
    const log = await testEngine().open<number>('mixed');
    const only = { type: 70 };
    const add = (state: number, { value }: { value: number }): number => state + value;
    await log.append(1, only);
    await log.appendStream(new Blob(['no value of the codec']).stream(), { type: 71 });
    await log.append(2, only);
    expect(await log.recover(add, 0, only)).toEqual({ state: 3, lsn: 3 });
    expect((await collect(log.replay(only))).map(({ lsn }) => lsn)).toEqual([1, 3]);
    const sum = log.project(add, 0, only);
    await sum.ready;
    await log.appendStream(new Blob(['nor this']).stream(), { type: 71 });
    await log.append(4, only);
    await expect.poll(() => sum.getSnapshot()).toBe(7);
    await expect(log.recover(add, 0)).rejects.toMatchObject({ code: 'CODEC_REFUSED' });
    sum.close();
    await log.close();
  });

  test('two opens of one name share one engine; the store closes with the last', async () => {
    const engine = testEngine();
    const [a, b] = await Promise.all([engine.open('x'), engine.open('x')]);
    await a.close();
    expect(await b.append(1)).toBe(1);
    await b.close();
    const c = await engine.open('x');
    expect(await c.append(2)).toBe(2);
    await c.close();
  });

  test('an append with a key or a signal that is none is refused, and leaves nothing that closing would wait for', async () => {
    const log = await testEngine().open<number>('x');
    for (const wrong of [{ key: () => 1 }, { key: Symbol('key') }, { signal: {} }]) {
      await expect(log.append(1, wrong as never)).rejects.toMatchObject({
        code: 'BAD_ARGUMENT',
        outcome: 'not-written',
      });
    }
    expect(await log.append(1, { key: 'some', signal: new AbortController().signal })).toBe(1);
    await log.close();
  });

  test('when the worker dies, what waits rejects with an outcome', async () => {
    const engine = testEngine();
    const log = await engine.open('x');
    const pending = log.append(1);
    await Promise.resolve();
    engine.kill();
    await expect(pending).rejects.toMatchObject({ code: 'WORKER_DIED', outcome: 'unknown' });
    await expect(log.append(1)).rejects.toMatchObject({
      code: 'WORKER_DIED',
      outcome: 'not-written',
    });
    await expect(log.flush()).rejects.toMatchObject({ code: 'WORKER_DIED' });
    await expect(collect(log.read())).rejects.toMatchObject({ code: 'WORKER_DIED' });
    await log.close();
  });
});
