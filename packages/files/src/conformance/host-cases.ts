/** What every backend's locks, witness, clock, timers and random do. */
import { INBOX_BYTES_MAX, INBOX_ENTRIES_MAX } from '../host.ts';
import type { Abort, InboxEntry, WitnessEntry } from '../host.ts';
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

const waiting = (...bytes: number[]): InboxEntry => ({ frames: new Uint8Array(bytes) });
const framesOf = (entry: unknown): number[] => [...(entry as InboxEntry).frames];

/** For hosts that have an inbox. */
export const inboxCases: readonly ConformanceCase[] = [
  {
    name: 'the inbox gives back what was put, in order and store by store, until it is removed',
    async run({ host, name }) {
      const inbox = host.inbox!;
      const other = `${name}-other`;
      await Promise.all([inbox.clear(name), inbox.clear(other)]);
      checkEqual(await inbox.take(name, 10), [], 'before');
      const whole = new Uint8Array([9, 1, 2, 9]);
      const put = [
        inbox.put(name, { frames: whole.subarray(1, 3), groups: [1, 1] }),
        inbox.put(other, waiting(7)),
        inbox.put(name, waiting(3)),
      ];
      whole.fill(0);
      checkEqual(await Promise.all(put), [true, true, true], 'there is room');
      const items = await inbox.take(name, 10);
      checkEqual(
        items.map(({ entry }) => framesOf(entry)),
        [[1, 2], [3]],
        'frames, as they were when they were put',
      );
      checkEqual((items[0]!.entry as InboxEntry).groups, [1, 1], 'groups');
      check(items[0]!.key < items[1]!.key, 'keys ascend');
      checkEqual((await inbox.take(name, 1)).length, 1, 'no more than asked for');
      await inbox.remove(name, [items[0]!.key, items[0]!.key]);
      await inbox.remove(name, [items[0]!.key]);
      checkEqual((await inbox.take(name, 10))[0]?.key, items[1]!.key, 'the other stays');
      await inbox.clear(name);
      checkEqual(await inbox.take(name, 10), [], 'after');
      checkEqual((await inbox.take(other, 10)).length, 1, 'of another store nothing is cleared');
      await inbox.clear(other);
    },
  },
  {
    name: 'the inbox never gives a key twice, so that a late removal takes nothing else',
    async run({ host, name }) {
      const inbox = host.inbox!;
      await inbox.clear(name);
      await inbox.put(name, waiting(1));
      const [first] = await inbox.take(name, 1);
      await inbox.remove(name, [first!.key]);
      await inbox.put(name, waiting(2));
      const [second] = await inbox.take(name, 1);
      check(second!.key > first!.key, 'a new key');
      await inbox.remove(name, [first!.key]);
      checkEqual((await inbox.take(name, 1)).length, 1, 'it is still there');
      await inbox.clear(name);
    },
  },
  {
    name: 'an entry of the inbox is signed once: whoever comes second changes nothing',
    async run({ host, name }) {
      const inbox = host.inbox!;
      await inbox.clear(name);
      await inbox.put(name, waiting(1));
      const key = (await inbox.take(name, 1))[0]!.key;
      const stamp = (client: string) => ({ client, sequence: 1, sinceGeneration: 2 });
      await inbox.sign(name, new Map([[key, stamp('a')]]));
      await inbox.sign(name, new Map([[key, stamp('b')]]));
      await inbox.sign(name, new Map([[key + 1_000, stamp('b')]]));
      const items = await inbox.take(name, 10);
      checkEqual(items.length, 1, 'nobody else was made');
      checkEqual((items[0]!.entry as InboxEntry).stamp, stamp('a'), 'stamp');
      checkEqual(framesOf(items[0]!.entry), [1], 'frames');
      await inbox.clear(name);
    },
  },
  {
    name: 'the inbox has no room beyond its bounds, and says so',
    async run({ host, name }) {
      const inbox = host.inbox!;
      await inbox.clear(name);
      const half = { frames: new Uint8Array(INBOX_BYTES_MAX / 2) };
      check(await inbox.put(name, half), 'half of the bytes');
      check(await inbox.put(name, half), 'all of the bytes');
      check(!(await inbox.put(name, waiting(1))), 'one more byte');
      const [first] = await inbox.take(name, 1);
      await inbox.remove(name, [first!.key]);
      check(await inbox.put(name, waiting(1)), 'room was given back');
      await inbox.clear(name);
      let room = 0;
      for (; room < INBOX_ENTRIES_MAX; room += 50) {
        const puts = Array.from({ length: 50 }, () => inbox.put(name, waiting(1)));
        check(!(await Promise.all(puts)).includes(false), `room beside ${room} entries`);
      }
      check(!(await inbox.put(name, waiting(1))), 'one more entry');
      await inbox.clear(name);
    },
  },
];

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
