/**
 * The reading side of a ring. Whoever writes on the other side may be dead, mad or hostile.
 *
 * Always true:
 * - our places are our own: nothing read from shared memory moves them but a checked entry
 * - each word of an entry's head is read once, checked, and only the copy is used: the memory may
 *   change between any two instructions
 * - bytes are handed out as copies, and only those of the entry itself
 * - one call takes at most one turn of the ring, whatever is being published meanwhile
 */
import { invariant } from '@varve/bytes';
import { Ringer, Sleeper } from './bell.ts';
import type { Timers } from './bell.ts';
import {
  ALIGNMENT_BYTES,
  CONSUMER_BELL,
  DURABLE,
  ENTRY_BYTES,
  PAD_MAGIC,
  PRODUCER_BELL,
  RECORD_MAGIC,
  TAKEN,
  WRITTEN,
  distance,
  ringMemory,
} from './layout.ts';
import type { RingMemory } from './layout.ts';
import { RingError } from './ring-error.ts';

export interface ConsumerOptions {
  /** Sends a message to a producer that cannot wait on memory. */
  readonly post?: () => void;
  /** Given: this side waits for messages (`heard`), not on memory. */
  readonly timers?: Timers;
}

export class RingConsumer {
  readonly #memory: RingMemory;
  readonly #ringer: Ringer;
  readonly #sleeper: Sleeper;
  #taken: number;
  #durable: number;
  /** Of the record that `next` found: the offset of its bytes, and the place behind it. */
  #start = 0;
  #length = -1;
  #end = 0;

  constructor(memory: SharedArrayBuffer, options: ConsumerOptions = {}) {
    this.#memory = ringMemory(memory);
    const { words } = this.#memory;
    // What a consumer before us took but did not settle comes again.
    this.#durable = this.#taken = Atomics.load(words, DURABLE) >>> 0;
    if (this.#taken % ALIGNMENT_BYTES > 0) throw new RingError('durable', this.#taken);
    this.#ringer = new Ringer(words, PRODUCER_BELL, options.post ?? (() => undefined));
    this.#sleeper = new Sleeper(words, CONSUMER_BELL, options.timers);
  }

  /** The place behind the last record taken. */
  get taken(): number {
    return this.#taken;
  }

  get wakeUps(): number {
    return this.#ringer.rings;
  }

  /**
   * How long the next record is; −1 when there is none yet. It stays the next one until `take`.
   * @throws RingError for anything that a producer does not write
   */
  next(): number {
    if (this.#length >= 0) return this.#length;
    let available = this.#available();
    while (available > 0) {
      const { heads, sizeBytes } = this.#memory;
      const offset = this.#taken & (sizeBytes - 1);
      const at = offset / 4;
      const magic = Atomics.load(heads, at);
      const span = Atomics.load(heads, at + 1) >>> 0;
      const length = Atomics.load(heads, at + 2) >>> 0;
      const place = Atomics.load(heads, at + 3) >>> 0;
      if (magic !== RECORD_MAGIC && magic !== PAD_MAGIC) throw new RingError('entry', magic);
      if (place !== this.#taken) throw new RingError('place', place);
      const isSpan = span >= ENTRY_BYTES && span % ALIGNMENT_BYTES === 0;
      if (!isSpan || span > available || offset + span > sizeBytes) {
        throw new RingError('span', span);
      }
      if (length > span - ENTRY_BYTES) throw new RingError('length', length);
      const end = (this.#taken + span) >>> 0;
      if (magic === RECORD_MAGIC) {
        this.#start = offset + ENTRY_BYTES;
        this.#length = length;
        this.#end = end;
        return length;
      }
      this.#took(end);
      available -= span;
    }
    return -1;
  }

  /** Copies the next record into `target` and is past it. Returns the place behind it. */
  take(target: Uint8Array, at = 0): number {
    invariant(this.#length >= 0, 'next found a record');
    const from = this.#start;
    target.set(this.#memory.bytes.subarray(from, from + this.#length), at);
    this.#length = -1;
    this.#took(this.#end);
    return this.#end;
  }

  /** Everything before `place` is done with: its space is the producer's again. */
  settle(place: number): void {
    const isTaken = distance(this.#durable, place) <= distance(this.#durable, this.#taken);
    invariant(isTaken, 'what is settled was taken, once');
    this.#durable = place;
    Atomics.store(this.#memory.words, DURABLE, place | 0);
    this.#ringer.ring();
  }

  /**
   * Resolves when something may be there, or after `limitMs`: that is the heartbeat.
   * @throws RingError
   */
  async wait(limitMs: number): Promise<void> {
    await this.#sleeper.sleep(() => this.next() >= 0, limitMs);
  }

  /**
   * As `wait`, but the whole thread stands still, messages and timers too: half as long a way, worth a
   * millisecond right after a record. Not on a page's main thread. True: a record is there.
   * @throws RingError
   */
  block(limitMs: number): boolean {
    this.#sleeper.block(() => this.next() >= 0, limitMs);
    return this.next() >= 0;
  }

  /** The producer's message came; or this side ends, and its sleep with it. */
  heard(): void {
    this.#sleeper.heard();
  }

  #took(place: number): void {
    this.#taken = place;
    Atomics.store(this.#memory.words, TAKEN, place | 0);
  }

  #available(): number {
    const written = Atomics.load(this.#memory.words, WRITTEN) >>> 0;
    const ahead = distance(this.#durable, written);
    const ours = distance(this.#durable, this.#taken);
    const isPlace = written % ALIGNMENT_BYTES === 0;
    if (!isPlace || ahead > this.#memory.sizeBytes || ahead < ours) {
      throw new RingError('written', written);
    }
    return ahead - ours;
  }
}
