/**
 * One of the threads of a two-thread run: the producer, the consumer that checks it, or a producer
 * that scribbles. Everything is derived from the seed but the interleaving, which is the machine's.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { RingConsumer, RingError, RingProducer } from '../src/index.ts';
import type { Reservation } from '../src/index.ts';
import { DURABLE, PAD_MAGIC, RECORD_MAGIC, WRITTEN, distance } from '../src/layout.ts';
import { randomFrom } from './random.ts';

export interface Role {
  readonly role: 'producer' | 'consumer' | 'scribbler' | 'victim';
  readonly memory: SharedArrayBuffer;
  /** Two words beside the ring: how many threads began, and whether the scribbler has ended. */
  readonly control: SharedArrayBuffer;
  readonly seed: number;
  readonly records: number;
  /** No sleep may last so long while the other side works. */
  readonly sleepMs: number;
}

export interface Told {
  readonly operations: number;
  readonly stalls: number;
  readonly wakeUps: number;
  /** Times that a scribbled ring was noticed. */
  readonly noticed: number;
  readonly wrong?: string;
}

const HEAD_BYTES = 8;
const byteOf = (record: number, at: number): number => (record * 131 + at * 17) & 0xff;
const nothing = { operations: 0, stalls: 0, wakeUps: 0, noticed: 0 };

async function slept(sleep: Promise<void>, limitMs: number): Promise<void> {
  const startMs = performance.now();
  await sleep;
  if (performance.now() - startMs >= limitMs) throw new Error('a wake-up was lost');
}

function fill(bytes: Uint8Array, record: number, length: number): void {
  bytes[0] = record;
  bytes[1] = record >>> 8;
  bytes[2] = record >>> 16;
  bytes[3] = record >>> 24;
  bytes[4] = length;
  bytes[5] = length >>> 8;
  for (let at = HEAD_BYTES; at < length; at++) bytes[at] = byteOf(record, at);
}

async function produce({ memory, seed, records, sleepMs }: Role): Promise<Told> {
  const random = randomFrom(seed);
  const ring = new RingProducer(memory);
  const most = Math.min(200, ring.recordBytesMax - HEAD_BYTES) - 24;
  let operations = 0;
  const reserve = async (length: number): Promise<Reservation> => {
    for (;;) {
      operations++;
      const entry = ring.reserve(length);
      if (entry) return entry;
      if (random(4) > 0) await slept(ring.room(sleepMs), sleepMs);
    }
  };
  for (let record = 0; record < records;) {
    const length = HEAD_BYTES + random(most);
    const slack = random(3) === 0 ? random(24) : 0;
    const entry = await reserve(length + slack);
    // A second one, settled first: it must stay hidden behind the first.
    const isPair = random(5) === 0 && record + 1 < records;
    const second = isPair ? ring.reserve(HEAD_BYTES) : undefined;
    fill(entry.bytes, record, length);
    if (
      !second &&
      random(6) === 0 &&
      entry.extend(Math.min(length + slack + 16, ring.recordBytesMax))
    )
      operations++;
    if (second) {
      fill(second.bytes, record + 1, HEAD_BYTES);
      second.commit();
      operations += 2;
    }
    entry.commit(length);
    operations++;
    record += second ? 2 : 1;
    if (random(10) === 0) {
      const aborted = ring.reserve(random(most));
      aborted?.bytes.fill(0xee);
      if (random(2) === 0) {
        const behind = record < records ? ring.reserve(HEAD_BYTES) : undefined;
        if (behind) {
          fill(behind.bytes, record++, HEAD_BYTES);
          behind.commit();
        }
      }
      aborted?.abort();
      operations += 2;
    }
    if (random(16) === 0) ring.wake();
  }
  ring.wake();
  return { ...nothing, operations, stalls: ring.stalls, wakeUps: ring.wakeUps };
}

async function consume({ memory, seed, records, sleepMs }: Role): Promise<Told> {
  const random = randomFrom(seed ^ 0x5bd1e995);
  const ring = new RingConsumer(memory);
  const copy = new Uint8Array(memory.byteLength);
  let operations = 0;
  for (let record = 0; record < records; record++) {
    let length = ring.next();
    for (; length < 0; length = ring.next()) {
      ring.settle(ring.taken);
      operations += 2;
      const way = random(4);
      if (way === 0) ring.block(1);
      else if (way > 1) await slept(ring.wait(sleepMs), sleepMs);
    }
    ring.take(copy);
    const found = copy[0]! | (copy[1]! << 8) | (copy[2]! << 16) | (copy[3]! << 24);
    if (found !== record) throw new Error(`record ${found} came instead of ${record}`);
    if (length !== (copy[4]! | (copy[5]! << 8))) throw new Error(`record ${record}: its length`);
    for (let at = HEAD_BYTES; at < length; at++) {
      if (copy[at] !== byteOf(record, at)) throw new Error(`record ${record}: its byte ${at}`);
    }
    if (random(3) === 0) ring.settle(ring.taken);
    operations += 2;
  }
  ring.settle(ring.taken);
  if (ring.next() >= 0) throw new Error('a record too many');
  return { ...nothing, operations, wakeUps: ring.wakeUps };
}

/** Mostly a good producer; now and then garbage: mostly in the head of an entry, anywhere else too. */
function scribble({ memory, seed, records }: Role): Told {
  const random = randomFrom(seed);
  const words = new Int32Array(memory);
  const values = [0, -1, 16, 32, 0x7fff_fff0, -16, RECORD_MAGIC, PAD_MAGIC];
  const garbage = (): number => {
    const kind = random(3);
    if (kind === 0) return values[random(values.length)]!;
    return kind === 1 ? random(memory.byteLength) : random(2 ** 32) | 0;
  };
  let producer: RingProducer | undefined;
  for (let each = 0; each < records; each++) {
    try {
      producer ??= new RingProducer(memory);
      const length = random(producer.recordBytesMax);
      let place: number | undefined;
      for (let tries = 0; place === undefined && tries < 200; tries++) {
        place = producer.reserve(length)?.commit();
      }
      if (place === undefined) continue;
      const where = random(12);
      // Not the magic and the size: those are looked at once.
      if (where === 0) Atomics.store(words, 16 * (1 + random(5)), garbage());
      if (where === 1) Atomics.store(words, 128 + random(words.length - 128), garbage());
      for (let again = 0; where > 8 && again < 4; again++) {
        const head = 128 + 4 * random((words.length - 128) / 4);
        if (words[head] === RECORD_MAGIC) Atomics.store(words, head + 2, garbage());
      }
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      producer = undefined;
      Atomics.store(words, DURABLE, Atomics.load(words, WRITTEN));
    }
  }
  return { ...nothing, operations: records };
}

/** Whatever the scribbler does: bytes of the entry itself, none yet, or a typed error. */
function endure({ memory, control, seed }: Role): Told {
  const random = randomFrom(seed);
  let ring = again(memory);
  let noticed = 0;
  const ended = new Int32Array(control);
  for (; Atomics.load(ended, 1) === 0;) {
    try {
      const length = ring.next();
      if (length >= 0) {
        const before = ring.taken;
        // Long enough for the memory to change between the check and the use.
        if (random(4) === 0) for (let spin = random(300); spin > 0; spin--) ring.next();
        const place = ring.take(new Uint8Array(length));
        if (length + 16 > distance(before, place)) throw new Error('bytes of somebody else');
      }
      if (random(4) === 0) ring.settle(ring.taken);
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      noticed++;
      ring = again(memory);
    }
  }
  return { ...nothing, noticed };
}

/** Another consumer, behind everything that is there. */
function again(memory: SharedArrayBuffer): RingConsumer {
  const words = new Int32Array(memory);
  for (;;) {
    Atomics.store(words, DURABLE, Atomics.load(words, WRITTEN) & -16);
    try {
      return new RingConsumer(memory);
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
    }
  }
}

const role = workerData as Role;
// Waiting on memory does not keep a thread of Node alive.
const alive = setInterval(() => undefined, 1000);
const began = new Int32Array(role.control);
Atomics.add(began, 0, 1);
while (Atomics.load(began, 0) < 2);
const roles = { producer: produce, consumer: consume, scribbler: scribble, victim: endure };
try {
  parentPort!.postMessage(await roles[role.role](role));
} catch (error) {
  parentPort!.postMessage({ ...nothing, wrong: (error as Error).stack });
} finally {
  Atomics.store(began, 1, 1);
  clearInterval(alive);
}
