/**
 * Two ways from the page to a worker that does the same as behind a bare `postMessage`: what a
 * transport is worth before it is built into anything.
 *
 * - recycled: frames in buffers that go there and come back, at most two under way, what arrives
 *   meanwhile forms the next
 * - ring: frames in shared memory (`@varve/fifo`); the worker stands still for a millisecond after
 *   each before it sleeps
 *
 * Always true: the worker sees as many bytes as a log of frames would have, and one flush serves all
 * that came together.
 */
import { createRing, RingProducer } from '@varve/fifo';
import { recordStep } from '../raw-bytes.ts';
import { asker } from '../platform/rpc.ts';
import type { Outcome, Place, Replayed, Session, Subject } from '../subject.ts';

const RING_BYTES = 4 << 20;
const MESSAGE_BYTES = 1 << 20;
const UNDER_WAY_MAX = 2;
/** Only so that a worker that died ends the run. */
const WAIT_MS = 10_000;

/** Records as a log would frame them, about. Returns where they end. */
function frame(target: Uint8Array, at: number, records: readonly Uint8Array[]): number {
  let end = at;
  for (const record of records) {
    target[end] = record.length;
    target[end + 1] = record.length >>> 8;
    target[end + 2] = record.length >>> 16;
    target.set(record, end + 4);
    end += recordStep(record.length);
  }
  return end;
}

function framedBytes(records: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const record of records) bytes += recordStep(record.length);
  return bytes;
}

abstract class Transport implements Session {
  protected readonly worker: Worker;
  readonly #ask: ReturnType<typeof asker>;
  #isDue = false;

  constructor(worker: Worker, ask: ReturnType<typeof asker>) {
    this.worker = worker;
    this.#ask = ask;
  }

  abstract appendBatch(records: readonly Uint8Array[]): Outcome;
  protected abstract send(): void;

  append(record: Uint8Array): Outcome {
    return this.appendBatch([record]);
  }

  /** What is asked for in one turn of the page goes together. */
  protected sendSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.send();
    });
  }

  async replay(): Promise<Replayed> {
    throw new Error('a replay from the page is not part of this subject');
  }

  flushes(): Promise<number | null> {
    return this.#ask('flushes');
  }

  storedBytes(): Promise<number | null> {
    return this.#ask('storedBytes');
  }

  async destroy(): Promise<void> {
    await this.#ask('destroy');
    this.worker.terminate();
  }
}

interface Message {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
  readonly waiting: (() => void)[];
}

class Recycled extends Transport {
  readonly #pool: ArrayBuffer[] = [];
  readonly #forming: Message[] = [];
  readonly #sent: Message[] = [];

  constructor(worker: Worker, ask: ReturnType<typeof asker>) {
    super(worker, ask);
    worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (!(data instanceof ArrayBuffer)) return;
      this.#pool.push(data);
      for (const resolve of this.#sent.shift()!.waiting) resolve();
      this.send();
    });
  }

  appendBatch(records: readonly Uint8Array[]): Promise<void> {
    const needed = framedBytes(records);
    let message = this.#forming.at(-1);
    if (message === undefined || message.length + needed > MESSAGE_BYTES) {
      const buffer = this.#pool.pop() ?? new ArrayBuffer(4096);
      message = { bytes: new Uint8Array(buffer), length: 4, waiting: [] };
      this.#forming.push(message);
    }
    if (message.length + needed > message.bytes.length) {
      const larger = new Uint8Array(Math.max(message.length + needed, 2 * message.bytes.length));
      larger.set(message.bytes.subarray(0, message.length));
      message.bytes = larger;
    }
    message.length = frame(message.bytes, message.length, records);
    const { waiting } = message;
    return new Promise((resolve) => {
      waiting.push(resolve);
      this.sendSoon();
    });
  }

  protected send(): void {
    while (this.#sent.length < UNDER_WAY_MAX) {
      const message = this.#forming.shift();
      if (message === undefined) return;
      this.#sent.push(message);
      const { buffer } = message.bytes;
      new Uint32Array(buffer, 0, 1)[0] = message.length - 4;
      this.worker.postMessage(buffer, [buffer]);
    }
  }
}

class Ring extends Transport {
  readonly #ring: RingProducer;
  readonly #waiting: { readonly place: number; readonly resolve: () => void }[] = [];
  #isListening = false;

  constructor(worker: Worker, ask: ReturnType<typeof asker>, memory: SharedArrayBuffer) {
    super(worker, ask);
    this.#ring = new RingProducer(memory);
  }

  async appendBatch(records: readonly Uint8Array[]): Promise<void> {
    const bytes = framedBytes(records);
    let entry = this.#ring.reserve(bytes);
    for (; entry === undefined; entry = this.#ring.reserve(bytes)) await this.#ring.room(WAIT_MS);
    frame(entry.bytes, 0, records);
    const place = entry.commit();
    return new Promise((resolve) => {
      this.#waiting.push({ place, resolve });
      this.sendSoon();
    });
  }

  protected send(): void {
    this.#ring.wake();
    if (!this.#isListening) void this.#listen();
  }

  async #listen(): Promise<void> {
    this.#isListening = true;
    while (this.#waiting.length > 0) {
      const { durable } = this.#ring;
      let done = 0;
      for (const { place, resolve } of this.#waiting) {
        if (((durable - place) | 0) < 0) break;
        resolve();
        done++;
      }
      this.#waiting.splice(0, done);
      // Whoever was waiting may append again before this side sleeps.
      if (done > 0) await Promise.resolve();
      else await this.#ring.settled(durable, WAIT_MS);
    }
    this.#isListening = false;
  }
}

/** `served` behind that transport. */
export function behindTransport(
  id: string,
  title: string,
  way: 'recycled' | 'ring',
  served: Subject,
): Subject {
  return {
    id,
    title,
    kind: served.kind,
    caller: 'page',
    promise: served.promise,
    reads: served.reads,
    values: served.values,
    extra: true,
    only: [
      'append-100b',
      'lockstep-8',
      'free-8',
      'lockstep-64',
      'free-64',
      'bulk-100b',
      'bulk-100b-16',
    ],
    async open(place: Place) {
      if (way === 'ring' && !crossOriginIsolated) throw new Error('the page is not isolated');
      const worker = new Worker(new URL('../lanes/serving-worker.ts', import.meta.url), {
        type: 'module',
      });
      const ask = asker(worker);
      const memory = way === 'ring' ? createRing(RING_BYTES) : undefined;
      await ask('open', { subject: served.id, place, memory });
      return memory === undefined ? new Recycled(worker, ask) : new Ring(worker, ask, memory);
    },
  };
}
