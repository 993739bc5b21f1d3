/**
 * The writing side of a ring.
 *
 * Always true:
 * - a record is invisible until it was committed and all reserved before it were settled
 * - what was published is never touched again until the consumer settled it
 * - the consumer is woken when the ring is half full or when `wake` is called, never per record
 * - once refused, nothing is given out until half of the ring is free
 */
import { invariant } from '@varve/bytes';
import { Ringer, Sleeper } from './bell.ts';
import type { Timers } from './bell.ts';
import {
  CONSUMER_BELL,
  DURABLE,
  ENTRY_BYTES,
  PAD_MAGIC,
  PRODUCER_BELL,
  RECORD_MAGIC,
  TAKEN,
  WRITTEN,
  distance,
  recordBytesMax,
  ringMemory,
  spanOf,
} from './layout.ts';
import type { RingMemory } from './layout.ts';
import { RingError } from './ring-error.ts';

/** Space for one record, to be filled in place. */
export interface Reservation {
  /** Where its bytes go; another view after `extend`. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /**
   * As many bytes in all; what was filled stays. False: there is no room now, or something was
   * reserved behind it, and it is as it was.
   */
  extend(length: number): boolean;
  /** Publishes its first `length` bytes when it is its turn. Returns the place behind it. */
  commit(length?: number): number;
  /** As if it had never been reserved. */
  abort(): void;
}

export interface ProducerOptions {
  /** Sends a message to a consumer that cannot wait on memory. */
  readonly post?: () => void;
  /** Given: this side waits for messages (`heard`), not on memory. */
  readonly timers?: Timers;
}

export class RingProducer {
  /** How often a reservation was refused for lack of room. */
  stalls = 0;
  readonly #memory: RingMemory;
  readonly #ringer: Ringer;
  readonly #sleeper: Sleeper;
  readonly #open: Entry[] = [];
  /** Our own: what stands in shared memory is for the other side. */
  #reserved: number;
  #written: number;
  #durable: number;
  #isHeldBack = false;

  constructor(memory: SharedArrayBuffer, options: ProducerOptions = {}) {
    this.#memory = ringMemory(memory);
    const { words } = this.#memory;
    // Behind what a producer before us published.
    this.#written = this.#reserved = Atomics.load(words, WRITTEN) >>> 0;
    this.#durable = Atomics.load(words, DURABLE) >>> 0;
    this.#ringer = new Ringer(words, CONSUMER_BELL, options.post ?? (() => undefined));
    this.#sleeper = new Sleeper(words, PRODUCER_BELL, options.timers);
  }

  /** Bytes of the ring that are taken, reserved ones included. */
  get usedBytes(): number {
    return distance(this.#refreshed(), this.#reserved);
  }

  get recordBytesMax(): number {
    return recordBytesMax(this.#memory.sizeBytes);
  }

  /** The place before which everything is settled. @throws RingError */
  get durable(): number {
    return this.#refreshed();
  }

  get wakeUps(): number {
    return this.#ringer.rings;
  }

  /** Undefined: no room now. @throws RingError when the consumer wrote garbage */
  reserve(length: number): Reservation | undefined {
    invariant(length >= 0 && length <= this.recordBytesMax, 'a record fits into half of the ring');
    const start = this.#reserved;
    const pad = this.#padBefore(start, spanOf(length));
    if (!this.#hasRoom(start, pad + spanOf(length))) {
      this.stalls++;
      return undefined;
    }
    const entry = new Entry(this, start, pad, length);
    this.#reserved = entry.end;
    this.#open.push(entry);
    return entry;
  }

  /** Somebody waits for what was committed: the consumer is to look now. */
  wake(): void {
    this.#ringer.ring();
  }

  /** Resolves when half of the ring is free, or after `limitMs`. */
  async room(limitMs: number): Promise<void> {
    this.wake();
    await this.#sleeper.sleep(() => this.#isHalfFree(), limitMs);
  }

  /** Resolves when something behind `place` was settled, or after `limitMs`. */
  async settled(place: number, limitMs: number): Promise<void> {
    this.wake();
    await this.#sleeper.sleep(() => this.#refreshed() !== place, limitMs);
  }

  /** The consumer's message came. */
  heard(): void {
    this.#sleeper.heard();
  }

  /** @internal */
  view(entry: Entry): Uint8Array<SharedArrayBuffer> {
    const at = this.#offset(entry.start + entry.pad) + ENTRY_BYTES;
    return this.#memory.bytes.subarray(at, at + entry.length);
  }

  /** @internal */
  extend(entry: Entry, length: number): boolean {
    invariant(length >= entry.length && length <= this.recordBytesMax, 'it grows, within half');
    if (this.#open.at(-1) !== entry) return false;
    const pad = this.#padBefore(entry.start, spanOf(length));
    if (!this.#hasRoom(entry.start, pad + spanOf(length))) return false;
    const from = this.#offset(entry.start + entry.pad) + ENTRY_BYTES;
    if (pad !== entry.pad) this.#memory.bytes.copyWithin(ENTRY_BYTES, from, from + entry.length);
    entry.pad = pad;
    entry.length = length;
    entry.span = spanOf(length);
    this.#reserved = entry.end;
    return true;
  }

  /** @internal What the last one does not need is free again; others keep their span. */
  settle(entry: Entry, length: number | undefined): void {
    const isLast = this.#open.at(-1) === entry;
    entry.state = length === undefined ? 'aborted' : 'committed';
    entry.length = length ?? 0;
    if (isLast && length === undefined) {
      this.#open.pop();
      this.#reserved = entry.start;
    } else if (isLast) {
      entry.span = spanOf(entry.length);
      this.#reserved = entry.end;
    }
    this.#publish();
  }

  #publish(): void {
    for (let entry = this.#open[0]; entry && entry.state !== 'open'; entry = this.#open[0]) {
      this.#open.shift();
      if (entry.pad > 0) this.#head(entry.start, PAD_MAGIC, entry.pad, 0);
      const magic = entry.state === 'committed' ? RECORD_MAGIC : PAD_MAGIC;
      this.#head(entry.start + entry.pad, magic, entry.span, entry.length);
      this.#written = entry.end;
    }
    const { words, sizeBytes } = this.#memory;
    // The fence: whoever sees this place sees everything that was filled in before it.
    Atomics.store(words, WRITTEN, this.#written | 0);
    if (distance(Atomics.load(words, TAKEN), this.#written) >= sizeBytes / 2) this.wake();
  }

  #head(place: number, magic: number, span: number, length: number): void {
    const at = this.#offset(place) / 4;
    const { heads } = this.#memory;
    heads[at] = magic;
    heads[at + 1] = span;
    heads[at + 2] = length;
    heads[at + 3] = place;
  }

  #hasRoom(start: number, bytes: number): boolean {
    if (this.#isHeldBack && !this.#isHalfFree()) return false;
    const used = distance(this.#refreshed(), start);
    this.#isHeldBack = used + bytes > this.#memory.sizeBytes;
    return !this.#isHeldBack;
  }

  #isHalfFree(): boolean {
    return this.usedBytes <= this.#memory.sizeBytes / 2;
  }

  /** What lies before the end of the data when an entry of that span would cross it. */
  #padBefore(place: number, span: number): number {
    const left = this.#memory.sizeBytes - this.#offset(place);
    return span > left ? left : 0;
  }

  #offset(place: number): number {
    return place & (this.#memory.sizeBytes - 1);
  }

  #refreshed(): number {
    const found = Atomics.load(this.#memory.words, DURABLE) >>> 0;
    const isBehindUs = distance(this.#durable, found) <= distance(this.#durable, this.#written);
    if (!isBehindUs) throw new RingError('durable', found);
    this.#durable = found;
    return found;
  }
}

class Entry implements Reservation {
  state: 'open' | 'committed' | 'aborted' = 'open';
  readonly start: number;
  /** Bytes between `start` and the entry itself. */
  pad: number;
  span: number;
  length: number;
  readonly #ring: RingProducer;

  constructor(ring: RingProducer, start: number, pad: number, length: number) {
    this.#ring = ring;
    this.start = start;
    this.pad = pad;
    this.length = length;
    this.span = spanOf(length);
  }

  get end(): number {
    return (this.start + this.pad + this.span) >>> 0;
  }

  get bytes(): Uint8Array<SharedArrayBuffer> {
    this.#checkOpen();
    return this.#ring.view(this);
  }

  extend(length: number): boolean {
    this.#checkOpen();
    return this.#ring.extend(this, length);
  }

  commit(length = this.length): number {
    this.#checkOpen();
    invariant(length >= 0 && length <= this.length, 'what is committed was reserved');
    this.#ring.settle(this, length);
    return this.end;
  }

  abort(): void {
    this.#checkOpen();
    this.#ring.settle(this, undefined);
  }

  #checkOpen(): void {
    invariant(this.state === 'open', 'a reservation is settled once');
  }
}
