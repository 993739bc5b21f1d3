/**
 * What lies where in the shared memory of a ring.
 *
 * ```
 * head (512 B): words of 32 bits, one cache line each
 *    0  magic, then the size of the data
 *   64  written    producer   records before it are published
 *  128  taken      consumer   records before it were copied out
 *  192  durable    consumer   records before it are settled: their space is the producer's again
 *  256  bell and sleeper of the consumer
 *  320  bell and sleeper of the producer
 * data (a power of two): entries, each at a multiple of 16, none across the end
 *    0  magic of a record or a pad    4  span    8  length    12  its own place
 *   16  `length` bytes, then what is left of the span
 * ```
 *
 * Always true:
 * - places are counted in bytes modulo 2^32 and compared by their distance alone:
 *   durable ≤ taken ≤ written ≤ durable + size
 * - an entry names its own place, pads too: what an earlier turn left behind never passes for one
 * - each word has one writer, the sleepers aside
 */
import { invariant } from '@varve/bytes';
import { RingError } from './ring-error.ts';

const RING_MAGIC = 0x5652_4631;
export const RECORD_MAGIC = 0x5652_4372;
/** Steps the reader over space that holds nothing: the end of the data, an aborted reservation. */
export const PAD_MAGIC = 0x5652_4370;

export const ALIGNMENT_BYTES = 16;
export const ENTRY_BYTES = 16;
const HEAD_BYTES = 512;
const SIZE_MIN_BYTES = 256;
const SIZE_MAX_BYTES = 128 * 1024 * 1024;

/** Indices into the words of the head. */
const MAGIC = 0;
const SIZE = 1;
export const WRITTEN = 16;
export const TAKEN = 32;
export const DURABLE = 48;
export const CONSUMER_BELL = 64;
export const PRODUCER_BELL = 80;

export interface RingMemory {
  readonly words: Int32Array;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** The data as words, for the heads of entries. */
  readonly heads: Int32Array;
  readonly sizeBytes: number;
}

const isSize = (bytes: number): boolean =>
  bytes >= SIZE_MIN_BYTES && bytes <= SIZE_MAX_BYTES && (bytes & (bytes - 1)) === 0;

/** `firstPlace`, a multiple of 16, is for tests of what happens around 2^32. */
export function createRing(sizeBytes: number, firstPlace = 0): SharedArrayBuffer {
  invariant(isSize(sizeBytes), 'a ring is a power of two between 256 B and 128 MiB');
  invariant(firstPlace % ALIGNMENT_BYTES === 0, 'a place is a multiple of 16');
  const memory = new SharedArrayBuffer(HEAD_BYTES + sizeBytes);
  const words = new Int32Array(memory, 0, HEAD_BYTES / 4);
  words[SIZE] = sizeBytes;
  for (const place of [WRITTEN, TAKEN, DURABLE]) words[place] = firstPlace;
  Atomics.store(words, MAGIC, RING_MAGIC);
  return memory;
}

/** Both sides look at the memory's own length: what stands in it must agree. */
export function ringMemory(memory: SharedArrayBuffer): RingMemory {
  const sizeBytes = memory.byteLength - HEAD_BYTES;
  if (!isSize(sizeBytes)) throw new RingError('size', sizeBytes);
  const words = new Int32Array(memory, 0, HEAD_BYTES / 4);
  const magic = Atomics.load(words, MAGIC);
  if (magic !== RING_MAGIC) throw new RingError('magic', magic);
  const stated = Atomics.load(words, SIZE);
  if (stated !== sizeBytes) throw new RingError('size', stated);
  return {
    words,
    bytes: new Uint8Array(memory, HEAD_BYTES, sizeBytes),
    heads: new Int32Array(memory, HEAD_BYTES, sizeBytes / 4),
    sizeBytes,
  };
}

/** A record of that many bytes fits into an empty ring wherever its end lies. */
export const recordBytesMax = (sizeBytes: number): number => sizeBytes / 2 - ENTRY_BYTES;

/** From place `from` on to place `to`, around 2^32. */
export const distance = (from: number, to: number): number => (to - from) >>> 0;

/** What a record of that length takes. */
export const spanOf = (length: number): number =>
  (ENTRY_BYTES + length + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
