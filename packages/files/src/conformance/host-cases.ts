/** What every backend's locks, witness, clock, timers and random do. */
import type { Abort, WitnessEntry } from '../host.ts';
import { check, checkEqual } from './check.ts';
import type { ConformanceCase } from './conformance-case.ts';

class ManualAbort implements Abort {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener();
  }
}

const entry = (durableLsn: number): WitnessEntry => ({
  state: 'live',
  seedId: '00112233445566778899aabbccddeeff',
  durableLsn,
  liveSinceMs: 1_700_000_000_000,
});

export const hostCases: readonly ConformanceCase[] = [
  {
    name: 'a lock has one holder; the next in line gets it on release',
    async run({ host, name }) {
      const first = await host.locks.acquire(name);
      check(first !== undefined, 'a free lock is granted');
      check((await host.locks.acquire(name, { ifAvailable: true })) === undefined, 'it is taken');
      const order: string[] = [];
      const second = host.locks.acquire(name).then((lock) => {
        order.push('second');
        return lock;
      });
      order.push('released');
      first?.release();
      await first?.lost;
      first?.release();
      const held = await second;
      checkEqual(order, ['released', 'second'], 'order');
      check((await host.locks.acquire(name, { ifAvailable: true })) === undefined, 'taken again');
      held?.release();
      await held?.lost;
      const third = await host.locks.acquire(name);
      check(third !== undefined, 'free again');
      third?.release();
    },
  },
  {
    name: 'locks of different names do not meet',
    async run({ host, name }) {
      const a = await host.locks.acquire(`${name}-a`);
      const b = await host.locks.acquire(`${name}-b`, { ifAvailable: true });
      check(a !== undefined && b !== undefined, 'both are held');
      a?.release();
      b?.release();
    },
  },
  {
    name: 'waiting for a lock ends with the reason of the abort, and leaves the queue',
    async run({ host, name, passTime }) {
      const first = await host.locks.acquire(name);
      const signal = new ManualAbort();
      const waiting = host.locks.acquire(name, { signal }).then(
        () => 'granted',
        (error: unknown) => error,
      );
      await passTime(20);
      signal.abort('enough');
      checkEqual(await waiting, 'enough', 'outcome of the wait');
      first?.release();
      await first?.lost;
      const next = await host.locks.acquire(name);
      check(next !== undefined, 'the aborted wait does not hold it');
      next?.release();
      const before = await host.locks.acquire(name, { signal }).then(
        () => 'granted',
        (error: unknown) => error,
      );
      checkEqual(before, 'enough', 'outcome with a signal that was aborted before');
    },
  },
  {
    name: 'the witness keeps what was written last, until it is removed',
    async run({ host, name }) {
      const { witness } = host;
      checkEqual(await witness.read(name), undefined, 'before');
      await witness.write(name, { ...entry(0), state: 'formatting', liveSinceMs: 0 });
      checkEqual((await witness.read(name))?.state, 'formatting', 'state');
      await Promise.all([witness.write(name, entry(1)), witness.write(name, entry(2))]);
      const { state, seedId, durableLsn, liveSinceMs } = (await witness.read(name)) ?? entry(-1);
      checkEqual({ state, seedId, durableLsn, liveSinceMs }, entry(2), 'entry');
      check((await witness.list()).includes(name), 'it is listed');
      await witness.remove(name);
      await witness.remove(name);
      checkEqual(await witness.read(name), undefined, 'after');
      check(!(await witness.list()).includes(name), 'it is listed no more');
    },
  },
  {
    name: 'timers run once, not before their time, and not when cancelled',
    async run({ host, passTime }) {
      const startMs = host.clock.nowMs();
      const firedAtMs: number[] = [];
      let cancelledRan = false;
      host.timers.after(20, () => firedAtMs.push(host.clock.nowMs()));
      const cancel = host.timers.after(10, () => {
        cancelledRan = true;
      });
      cancel();
      cancel();
      await passTime(60);
      checkEqual(firedAtMs.length, 1, 'runs');
      // Browsers round their clocks.
      check(firedAtMs[0] - startMs >= 18, `it ran ${firedAtMs[0] - startMs} ms after 20 ms`);
      check(!cancelledRan, 'the cancelled one did not run');
    },
  },
  {
    name: 'the clock never runs backwards and the wall clock is of this century',
    async run({ host, passTime }) {
      const before = host.clock.nowMs();
      await passTime(5);
      check(host.clock.nowMs() >= before, 'monotonic');
      check(host.clock.wallMs() > Date.UTC(2020, 0), 'after 2020');
    },
  },
  {
    name: 'random fills buffers of any length, each time anew',
    async run({ host }) {
      for (const length of [0, 1, 3, 16, 200_000]) {
        const [a, b] = [new Uint8Array(length), new Uint8Array(length)];
        host.random.fill(a);
        host.random.fill(b);
        if (length < 16) continue;
        check(
          a.some((byte, index) => byte !== b[index]),
          'two fills differ',
        );
        check(
          a.subarray(-16).some((byte) => byte !== 0),
          'the end is filled too',
        );
      }
    },
  },
];
