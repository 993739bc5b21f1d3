/**
 * The metadata blocks in memory and in `meta`: a cache of clean ones, all dirty ones, and the places.
 *
 * Always true:
 * - a place that the last durable checkpoint refers to is neither written nor given out; what a dirty
 *   block leaves comes free when the checkpoint that left it behind is durable
 * - a block is loaded against what its parent expects: a lost, stale or misdirected write is found
 * - a dirty block's ancestors are dirty (trees see to it), and stay in memory until a checkpoint
 * - what stands in `recent` is dirty or clean, too: it only spares the way through the maps
 */
import {
  invariant,
  readU16,
  readU32,
  readU48,
  writeU16,
  writeU32,
  writeU48,
  xxh32,
} from '@varve/bytes';
import { VarveError } from '@varve/protocol';
import { BitSet } from './bit-set.ts';
import { BLOCK_BYTES, BLOCK_MAGIC, type BlockKind } from './format.ts';
import type { VolumeFiles } from './volume-files.ts';

/** Where a parent says its child is, and the checksum that must stand there. Place 0: nowhere. */
export interface BlockRef {
  readonly place: number;
  readonly checksum: number;
}

export const NOWHERE: BlockRef = { place: 0, checksum: 0 };

export interface Block {
  readonly id: number;
  readonly kind: BlockKind;
  readonly level: number;
  readonly bytes: Uint8Array;
  place: number;
  checksum: number;
  isDirty: boolean;
  /** Since the cache last looked for what to let go of. */
  wasUsed: boolean;
}

/** A block as a walk through its map meets it. */
export interface WalkedBlock {
  readonly level: number;
  readonly id: number;
  /** Nowhere while it is dirty. */
  readonly ref: BlockRef;
  /** Numbers below it lie in `[from, to)`. */
  readonly from: number;
  readonly to: number;
}

/** Whether a walk goes on below the block that it told of last. */
export type Enters = () => boolean;

const LEVEL_FACTOR = 2 ** 36;
const KIND_FACTOR = 2 ** 40;
/** Of one kind. A power of two. */
const RECENT_BLOCKS = 64;

/** The logical id of a block: what it is, wherever it stands. Fits in 48 bits. */
export function blockId(kind: BlockKind, level: number, index: number): number {
  return kind * KIND_FACTOR + level * LEVEL_FACTOR + index;
}

/** Kinds keep apart: what is written goes through two of them by turns. Kinds are 1 to 3. */
const recentSlot = (id: number): number =>
  (id & (RECENT_BLOCKS - 1)) + Math.floor(id / KIND_FACTOR) * RECENT_BLOCKS;

export const countOf = (block: Pick<Block, 'bytes'>): number => readU16(block.bytes, 10);
export const setCount = (block: Block, count: number): void => writeU16(block.bytes, 10, count);

export class Blocks {
  hits = 0;
  misses = 0;
  private readonly dirty = new Map<number, Block>();
  /** In order of their last use. */
  private readonly clean = new Map<number, Block>();
  private readonly recent = new Array<Block | undefined>(4 * RECENT_BLOCKS).fill(undefined);
  private readonly used = new BitSet();
  private freedLater: number[] = [];
  private written: Block[] = [];
  private placesEnd = 1;
  private lowestFree = 1;
  private readonly files: VolumeFiles;
  private readonly seed: number;
  private readonly cacheBlocks: number;

  constructor(files: VolumeFiles, seed: number, cacheBytes: number) {
    this.files = files;
    this.seed = seed;
    this.cacheBlocks = Math.max(16, Math.floor(cacheBytes / BLOCK_BYTES));
  }

  get dirtyCount(): number {
    return this.dirty.size;
  }

  get cachedBytes(): number {
    return (this.dirty.size + this.clean.size) * BLOCK_BYTES;
  }

  get usedPlaces(): number {
    return this.used.size;
  }

  get freePlaces(): number {
    return this.placesEnd - 1 - this.used.size;
  }

  /** A walk at opening found this place in use. @throws VarveError CORRUPT when it was already */
  claim(place: number): void {
    if (this.used.has(place)) throw this.damaged('two parents name one place', { place });
    this.used.add(place);
    this.placesEnd = Math.max(this.placesEnd, place + 1);
  }

  isUsed(place: number): boolean {
    return this.used.has(place);
  }

  /** Places in use that no clean block stands in: left by dirty ones, or taken by a checkpoint under way. */
  get unsettledPlaces(): readonly number[] {
    return [...this.freedLater, ...this.written.map(({ place }) => place)];
  }

  isDirty(id: number): boolean {
    return this.dirty.has(id);
  }

  cached(id: number): Block | undefined {
    const slot = recentSlot(id);
    let block = this.recent[slot];
    if (block?.id !== id) {
      block = this.dirty.get(id) ?? this.clean.get(id);
      if (block === undefined) return undefined;
      this.recent[slot] = block;
    }
    if (block.isDirty) return block;
    this.hits++;
    block.wasUsed = true;
    return block;
  }

  private forget({ id }: Block): void {
    const slot = recentSlot(id);
    if (this.recent[slot]?.id === id) this.recent[slot] = undefined;
  }

  /** @throws VarveError CORRUPT, IO_ERROR */
  load(kind: BlockKind, level: number, id: number, ref: BlockRef): Block {
    const cached = this.cached(id);
    if (cached !== undefined) return cached;
    this.misses++;
    const block = this.read(kind, level, id, ref);
    this.clean.set(id, block);
    return block;
  }

  /** From the disk, past the cache. @throws VarveError CORRUPT, IO_ERROR */
  read(kind: BlockKind, level: number, id: number, { place, checksum }: BlockRef): Block {
    const bytes = new Uint8Array(BLOCK_BYTES);
    this.files.readMeta(bytes, place * BLOCK_BYTES);
    const stored = readU32(bytes, 0);
    const isWhole = stored === checksum && xxh32(bytes, 4, BLOCK_BYTES, this.seed) === checksum;
    const isMeant =
      readU32(bytes, 4) === BLOCK_MAGIC &&
      bytes[8] === kind &&
      bytes[9] === level &&
      readU48(bytes, 12) === id;
    if (!isWhole || !isMeant) {
      const what = isWhole ? 'is another one' : 'does not verify';
      throw this.damaged(`a metadata block ${what}`, { place, kind, level, id });
    }
    return { id, kind, level, bytes, place, checksum, isDirty: false, wasUsed: false };
  }

  create(kind: BlockKind, level: number, id: number): Block {
    invariant(this.cached(id) === undefined, 'a block is made once');
    const bytes = new Uint8Array(BLOCK_BYTES);
    writeU32(bytes, 4, BLOCK_MAGIC);
    bytes[8] = kind;
    bytes[9] = level;
    writeU48(bytes, 12, id);
    const block = { id, kind, level, bytes, place: 0, checksum: 0, isDirty: true, wasUsed: false };
    this.dirty.set(id, block);
    return block;
  }

  /** It is about to be changed. */
  touch(block: Block): void {
    if (block.isDirty) return;
    this.clean.delete(block.id);
    this.dirty.set(block.id, block);
    block.isDirty = true;
    this.leave(block);
  }

  /** It is no part of its tree any more. */
  drop(block: Block): void {
    this.leave(block);
    this.clean.delete(block.id);
    this.dirty.delete(block.id);
    this.forget(block);
    block.isDirty = true;
  }

  private leave(block: Block): void {
    if (block.place !== 0) this.freedLater.push(block.place);
    block.place = 0;
  }

  /** Gives a dirty block, whose children are written, its new place. Bytes go out in `flush`. */
  write(block: Block): BlockRef {
    invariant(block.isDirty && block.place === 0, 'only dirty blocks are written');
    block.place = this.takePlace();
    block.checksum = xxh32(block.bytes, 4, BLOCK_BYTES, this.seed);
    writeU32(block.bytes, 0, block.checksum);
    this.written.push(block);
    return block;
  }

  private takePlace(): number {
    let place = this.lowestFree;
    while (this.used.has(place)) place++;
    this.lowestFree = place + 1;
    this.used.add(place);
    this.placesEnd = Math.max(this.placesEnd, place + 1);
    return place;
  }

  /** Writes and flushes what `write` was given. @throws VarveError */
  flush(): void {
    if (this.written.length === 0) return;
    const inOrder = this.written.toSorted((a, b) => a.place - b.place);
    this.files.writeMeta(inOrder.map(({ place, bytes }) => ({ at: place * BLOCK_BYTES, bytes })));
    this.files.flushMeta();
  }

  /** The checkpoint that refers to what was written is durable: what was left behind is free. */
  settle(): void {
    invariant(this.written.length === this.dirty.size, 'a checkpoint writes every dirty block');
    for (const block of this.written) {
      block.isDirty = false;
      this.clean.set(block.id, block);
    }
    this.dirty.clear();
    this.written = [];
    for (const place of this.freedLater) {
      this.used.delete(place);
      this.lowestFree = Math.min(this.lowestFree, place);
    }
    this.freedLater = [];
    this.trim();
  }

  /**
   * Lets go of what nobody used since the last look, oldest first: a second chance costs a read no
   * change of the order. Not while somebody holds a block.
   */
  trim(): void {
    if (this.clean.size <= this.cacheBlocks) return;
    for (const [id, block] of this.clean) {
      this.clean.delete(id);
      if (block.wasUsed) this.clean.set(id, block);
      else this.forget(block);
      block.wasUsed = false;
      if (this.clean.size <= this.cacheBlocks) return;
    }
  }

  damaged(message: string, facts: Record<string, number>): VarveError {
    return new VarveError('CORRUPT', message, { facts: { file: 'meta', ...facts } });
  }
}
