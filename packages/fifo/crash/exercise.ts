/**
 * A ring against a model of it, in one thread: whatever is asked of it in whatever order, the
 * consumer sees exactly what was published, in order, and nothing else.
 */
import type * as Fifo from '../src/index.ts';

export type RingModule = Pick<typeof Fifo, 'createRing' | 'RingConsumer' | 'RingProducer'>;

export type Step =
  | { readonly do: 'reserve'; readonly length: number }
  /** `which` counts the open reservations from the oldest. */
  | { readonly do: 'extend' | 'commit'; readonly which: number; readonly length: number }
  | { readonly do: 'abort'; readonly which: number }
  | { readonly do: 'take' | 'peek' }
  /** Settles that many of the records taken. */
  | { readonly do: 'settle'; readonly count: number };

interface Expected {
  readonly seed: number;
  length: number;
  state: 'open' | 'committed' | 'aborted';
  readonly reservation: Fifo.Reservation;
}

const byteOf = (seed: number, at: number): number => (seed * 31 + at * 7) & 0xff;

function fill(bytes: Uint8Array, seed: number, from = 0): void {
  for (let at = from; at < bytes.length; at++) bytes[at] = byteOf(seed, at);
}

/** Throws when the ring does anything that its model does not. */
export function exercise(
  { createRing, RingProducer, RingConsumer }: RingModule,
  sizeBytes: number,
  firstPlace: number,
  steps: readonly Step[],
): void {
  const memory = createRing(sizeBytes, firstPlace);
  const producer = new RingProducer(memory);
  const consumer = new RingConsumer(memory);
  const queue: Expected[] = [];
  const taken: number[] = [];
  let seeds = 0;
  const openAt = (which: number): Expected | undefined => {
    const open = queue.filter(({ state }) => state === 'open');
    return open[which % Math.max(1, open.length)];
  };
  /** What the consumer must see next; undefined: nothing, or what comes next is not settled. */
  const visible = (): Expected | undefined => {
    const [first] = queue.filter(({ state }) => state !== 'aborted');
    return first?.state === 'committed' ? first : undefined;
  };
  const steppers: Record<
    Step['do'],
    (step: { length: number; which: number; count: number }) => void
  > = {
    reserve({ length }) {
      const reservation = producer.reserve(length % (producer.recordBytesMax + 1));
      if (reservation === undefined) return;
      const seed = seeds++;
      fill(reservation.bytes, seed);
      queue.push({ seed, length: reservation.bytes.length, state: 'open', reservation });
    },
    extend({ which, length }) {
      const entry = openAt(which);
      if (!entry) return;
      const wanted = Math.min(entry.length + length, producer.recordBytesMax);
      if (!entry.reservation.extend(wanted)) return;
      fill(entry.reservation.bytes, entry.seed, entry.length);
      entry.length = wanted;
    },
    commit({ which, length }) {
      const entry = openAt(which);
      if (!entry) return;
      entry.length = Math.min(entry.length, length);
      entry.reservation.commit(entry.length);
      entry.state = 'committed';
    },
    abort({ which }) {
      const entry = openAt(which);
      if (!entry) return;
      entry.reservation.abort();
      entry.state = 'aborted';
    },
    peek() {
      same(consumer.next(), visible()?.length ?? -1, 'the length of what comes next');
    },
    take() {
      const expected = visible();
      same(consumer.next(), expected?.length ?? -1, 'the length of what comes next');
      if (!expected) return;
      const copy = new Uint8Array(expected.length + 2);
      taken.push(consumer.take(copy, 1));
      const right = new Uint8Array(expected.length + 2);
      fill(right.subarray(1, 1 + expected.length), expected.seed);
      if (copy.some((byte, at) => byte !== right[at])) throw new Error('another record came out');
      queue.splice(0, queue.indexOf(expected) + 1);
    },
    settle({ count }) {
      const last = taken.splice(0, count).at(-1);
      if (last !== undefined) consumer.settle(last);
    },
  };
  for (const step of steps) steppers[step.do]({ length: 0, which: 0, count: 0, ...step });
  // In the end everything goes, and all of the ring is free again.
  for (const { state, reservation } of queue) if (state === 'open') reservation.abort();
  for (const entry of queue) if (entry.state === 'open') entry.state = 'aborted';
  while (visible()) steppers.take({ length: 0, which: 0, count: 0 });
  same(consumer.next(), -1, 'what is left');
  consumer.settle(consumer.taken);
  same(producer.usedBytes, 0, 'the bytes still used');
  const largest = producer.reserve(producer.recordBytesMax);
  if (!largest) throw new Error('an empty ring refused the largest record');
}

function same(found: number, expected: number, what: string): void {
  if (found !== expected) throw new Error(`${what} is ${found} instead of ${expected}`);
}
