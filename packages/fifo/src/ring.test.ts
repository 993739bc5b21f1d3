import { InvariantError } from '@varve/bytes';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exercise } from '../crash/exercise.ts';
import type { Step } from '../crash/exercise.ts';
import { anySteps } from '../crash/steps.ts';
import * as ring from './index.ts';

const { createRing, RingConsumer, RingError, RingProducer } = ring;

function pair(sizeBytes = 256, firstPlace = 0) {
  const memory = createRing(sizeBytes, firstPlace);
  return { memory, producer: new RingProducer(memory), consumer: new RingConsumer(memory) };
}

function takeNext(consumer: ring.RingConsumer): number[] | undefined {
  const length = consumer.next();
  if (length < 0) return undefined;
  const copy = new Uint8Array(length);
  consumer.take(copy);
  return [...copy];
}

describe('a ring', () => {
  test('whatever is reserved, extended, committed, aborted, taken and settled, the consumer sees what was published', () => {
    const sizes = fc.constantFrom(256, 512, 4096);
    const places = fc.integer({ min: 0, max: 64 }).map((at) => (2 ** 32 - 512 + at * 16) >>> 0);
    fc.assert(
      fc.property(sizes, places, anySteps, (size, place, steps) =>
        exercise(ring, size, place, steps),
      ),
      { numRuns: 1500 },
    );
  });

  test('a record that is still being filled hides those committed behind it', () => {
    const { producer, consumer } = pair();
    const first = producer.reserve(4)!;
    producer.reserve(1)!.commit();
    expect(consumer.next()).toBe(-1);
    first.bytes.set([1, 2, 3, 4]);
    first.commit(2);
    expect(takeNext(consumer)).toEqual([1, 2]);
    expect(takeNext(consumer)).toEqual([0]);
    expect(takeNext(consumer)).toBeUndefined();
  });

  test('a record that grows past the end of the memory moves, with what was filled', () => {
    const { producer, consumer } = pair();
    const filler = producer.reserve(112)!;
    filler.commit();
    producer.reserve(64)!.commit();
    while (takeNext(consumer)) consumer.settle(consumer.taken);
    const moving = producer.reserve(8)!;
    moving.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(moving.extend(48)).toBe(true);
    moving.commit(10);
    expect(takeNext(consumer)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0, 0]);
  });

  test('a producer that was refused stays refused until half is free, and the stalls are counted', () => {
    const { producer, consumer } = pair();
    const places: number[] = [];
    for (let e = producer.reserve(16); e; e = producer.reserve(16)) places.push(e.commit());
    expect(places).toHaveLength(8);
    expect(producer.stalls).toBe(1);
    while (consumer.next() >= 0) consumer.take(new Uint8Array(16));
    consumer.settle(places[2]!);
    expect(producer.reserve(16)).toBeUndefined();
    consumer.settle(places[3]!);
    expect(producer.reserve(16)).toBeDefined();
    expect(producer.stalls).toBe(2);
  });

  test('records taken but not settled come again to the next consumer', () => {
    const { memory, producer, consumer } = pair();
    for (const byte of [1, 2, 3]) {
      const entry = producer.reserve(1)!;
      entry.bytes[0] = byte;
      entry.commit();
    }
    takeNext(consumer);
    consumer.settle(consumer.taken);
    takeNext(consumer);
    const next = new RingConsumer(memory);
    expect(takeNext(next)).toEqual([2]);
    expect(takeNext(next)).toEqual([3]);
  });

  test('a reservation is settled once', () => {
    const entry = pair().producer.reserve(1)!;
    entry.commit();
    for (const again of [() => entry.commit(), () => entry.abort(), () => entry.bytes]) {
      expect(again).toThrow(InvariantError);
    }
  });

  test.each([0, 100, 384, 2 ** 28])('%i bytes are no ring', (size) => {
    expect(() => createRing(size)).toThrow(InvariantError);
    expect(() => new RingConsumer(new SharedArrayBuffer(512 + size))).toThrow(RingError);
  });
});

describe('a hostile producer', () => {
  /** One record of 20 bytes in a ring of 256. */
  const withRecord = () => {
    const { memory, producer, consumer } = pair();
    const entry = producer.reserve(20)!;
    entry.bytes.fill(7);
    entry.commit();
    return { words: new Int32Array(memory), consumer };
  };
  const HEAD = 128;

  test.each([
    ['an index that is no place of an entry', 16, 8],
    ['more than the ring holds', 16, 272],
    ['an index that ran backwards', 16, -16],
    ['a magic that is none', HEAD, 1],
    ['no span', HEAD + 1, 0],
    ['a span past what was published', HEAD + 1, 64],
    ['a span past the end of the memory', HEAD + 1, 0x7fff_fff0],
    ['a span that is no multiple of 16', HEAD + 1, 20],
    ['a length past the span', HEAD + 2, 33],
    ['a length below zero', HEAD + 2, -1],
    ['another place than its own', HEAD + 3, 16],
  ])('%s is a typed error', (_, word, value) => {
    const { words, consumer } = withRecord();
    words[word] = value;
    expect(() => consumer.next()).toThrow(RingError);
    expect(() => consumer.next()).toThrow(RingError);
  });

  test('a length that changes after it was checked changes nothing', () => {
    const { words, consumer } = withRecord();
    expect(consumer.next()).toBe(20);
    words[HEAD + 2] = 5;
    expect(consumer.next()).toBe(20);
    const copy = new Uint8Array(20);
    consumer.take(copy);
    expect(copy.every((byte) => byte === 7)).toBe(true);
  });

  test('a ring full of pads ends after one turn', () => {
    const memory = createRing(256);
    const words = new Int32Array(memory);
    for (let at = 0; at < 256; at += 16) words.set([0x5652_4370, 16, 0, at], HEAD + at / 4);
    words[16] = 256;
    const consumer = new RingConsumer(memory);
    expect(consumer.next()).toBe(-1);
    expect(consumer.taken).toBe(256);
  });

  test('a hostile consumer is a typed error to the producer', () => {
    const { memory, producer } = pair();
    new Int32Array(memory)[48] = 16;
    expect(() => producer.reserve(1)).toThrow(RingError);
  });
});

describe('waking', () => {
  test('nobody is woken for a record until somebody waits; then once', async () => {
    const { producer, consumer } = pair();
    const asleep = consumer.wait(60_000);
    producer.reserve(1)!.commit();
    producer.reserve(1)!.commit();
    expect(producer.wakeUps).toBe(0);
    producer.wake();
    producer.wake();
    await asleep;
    expect(producer.wakeUps).toBe(1);
  });

  test('half a ring wakes the consumer by itself', async () => {
    const { producer, consumer } = pair();
    const asleep = consumer.wait(60_000);
    for (let each = 0; each < 4; each++) producer.reserve(16)!.commit();
    await asleep;
    expect(producer.wakeUps).toBe(1);
  });

  test('the heartbeat ends the sleep of a consumer whose producer died', async () => {
    await pair().consumer.wait(5);
  });

  test('a consumer that sees a record before it sleeps does not sleep', async () => {
    const { producer, consumer } = pair();
    producer.reserve(1)!.commit();
    await consumer.wait(60_000);
  });

  test('a consumer may stand still for a moment instead: it sees what is there, and ends by itself', () => {
    const { producer, consumer } = pair();
    expect(consumer.block(1)).toBe(false);
    producer.reserve(1)!.commit();
    expect(consumer.block(60_000)).toBe(true);
  });

  test('a producer that waits for room or for its record is woken by what is settled', async () => {
    const { producer, consumer } = pair();
    const place = producer.reserve(64)!.commit();
    producer.reserve(100)!.commit();
    const before = producer.durable;
    const settled = producer.settled(before, 60_000);
    const room = new RingProducer(createRing(256)).room(60_000);
    consumer.next();
    consumer.take(new Uint8Array(64));
    consumer.settle(place);
    await settled;
    expect(producer.durable).toBe(place);
    await room;
  });

  test('without waiting on memory the sides wake each other by messages', async () => {
    const memory = createRing(256);
    const timers = {
      after(delayMs: number, task: () => void) {
        const timer = setTimeout(task, delayMs);
        return () => clearTimeout(timer);
      },
    };
    const consumer = new RingConsumer(memory, { post: () => producer.heard(), timers });
    const producer: ring.RingProducer = new RingProducer(memory, {
      post: () => consumer.heard(),
      timers,
    });
    const asleep = consumer.wait(60_000);
    const place = producer.reserve(1)!.commit();
    const settled = producer.settled(producer.durable, 60_000);
    await asleep;
    consumer.next();
    consumer.take(new Uint8Array(1));
    consumer.settle(place);
    await settled;
    expect(producer.durable).toBe(place);
    await consumer.wait(5);
  });
});

describe('the model can fail', () => {
  const counterexample = (broken: Partial<typeof ring>): unknown => {
    const property = fc.property(anySteps, (steps: Step[]) =>
      exercise({ ...ring, ...broken }, 256, 0, steps),
    );
    return fc.check(property, { numRuns: 1500 }).counterexample;
  };

  test('a consumer that sees what is still being filled is noticed', () => {
    class Eager extends RingProducer {
      override reserve(length: number): ring.Reservation | undefined {
        const entry = super.reserve(length);
        entry?.commit();
        const { bytes } = entry ?? { bytes: new Uint8Array(new SharedArrayBuffer(length)) };
        return entry && { bytes, extend: () => false, commit: () => 0, abort: () => undefined };
      }
    }
    expect(counterexample({ RingProducer: Eager })).not.toBeNull();
  });
});
