/**
 * What a volume is at an LSN: its maps, its snapshots, and the one function that changes them, for a
 * write as it is issued and for its replay alike.
 *
 * Always true:
 * - a snapshot without an exception for a chunk sees the origin's value in the map
 * - the masks of one chunk's pairs are disjoint, and name only snapshots that are live or dying
 * - each entry of the origin map and each pair is one reference to its physical chunk
 * - `apply` decides nothing: equal states and equal operations give equal states
 */
import { readU32, writeU32 } from '@varve/bytes';
import { VarveError } from '@varve/protocol';
import { Blocks, type BlockRef } from './blocks.ts';
import { Exceptions } from './exceptions.ts';
import {
  BlockKind,
  CHUNKS_MAX,
  CURSOR_END,
  ORIGIN,
  ORIGIN_ENTRY_BYTES,
  REFERENCE_BYTES,
} from './format.ts';
import type { Header, Snapshot } from './header.ts';
import {
  bitMask,
  hasBit,
  isEmpty,
  type Mask,
  NO_BITS,
  overlaps,
  sameMask,
  union,
  without,
} from './mask.ts';
import { Overlay } from './overlay.ts';
import { Pool } from './pool.ts';
import { RadixTable } from './radix.ts';
import type { Redo } from './redo.ts';
import { HOLE, isHole, type Pair, type Value } from './value.ts';
import type { VolumeFiles } from './volume-files.ts';

export class VolumeState {
  readonly seed: number;
  readonly chunkBytes: number;
  readonly blocks: Blocks;
  readonly origin: RadixTable;
  readonly exceptions: Exceptions;
  readonly pool: Pool;
  readonly overlay: Overlay;
  sizeBytes: number;
  snapshots: readonly Snapshot[];
  deleteCursor: number;
  restore: Header['restore'];
  /** Snapshots that a change of the origin must be kept from. */
  live: Mask = NO_BITS;
  redirects = 0;

  constructor(header: Header, files: VolumeFiles, cacheBytes: number) {
    const { seed } = header;
    this.seed = seed;
    this.chunkBytes = header.chunkBytes;
    this.blocks = new Blocks(files, seed, cacheBytes);
    this.origin = new RadixTable(this.blocks, BlockKind.Origin, ORIGIN_ENTRY_BYTES, header.origin);
    const references = new RadixTable(
      this.blocks,
      BlockKind.References,
      REFERENCE_BYTES,
      header.references,
    );
    this.pool = new Pool(references, header.capacityChunks, header.pool);
    this.exceptions = new Exceptions(this.blocks, header.exceptions, header.exceptionCount);
    this.overlay = new Overlay(header.chunkBytes);
    this.sizeBytes = header.sizeBytes;
    this.snapshots = header.snapshots;
    this.deleteCursor = header.deleteCursor;
    this.restore = header.restore;
    this.countLive();
  }

  /** Finds the places that the maps take: before anything is written. @throws VarveError CORRUPT */
  claimPlaces(): void {
    for (const { place } of this.blockRefs()) if (place !== 0) this.blocks.claim(place);
  }

  /** Every metadata block: where it stands, or nowhere while it is dirty. */
  *blockRefs(): Generator<BlockRef> {
    for (const table of [this.origin, this.pool.references]) {
      for (const { ref } of table.walk()) yield ref;
    }
    for (const { ref } of this.exceptions.walk()) yield ref;
  }

  private countLive(): void {
    this.live = this.snapshots
      .filter(({ isDying }) => !isDying)
      .reduce((mask, { bit }) => union(mask, bitMask(bit)), NO_BITS);
  }

  get dying(): Snapshot | undefined {
    return this.snapshots.find(({ isDying }) => isDying);
  }

  snapshotOf(bit: number): Snapshot | undefined {
    return this.snapshots.find((snapshot) => snapshot.bit === bit);
  }

  sizeOf(view: number): number {
    return view === ORIGIN ? this.sizeBytes : (this.snapshotOf(view)?.sizeBytes ?? 0);
  }

  /** What the origin's map says, whatever is being restored. */
  originAt(chunk: number): Value {
    const leaf = this.origin.leafOf(chunk);
    if (leaf === undefined) return HOLE;
    const at = this.origin.offsetOf(chunk);
    const physicalPlus1 = readU32(leaf.bytes, at);
    return physicalPlus1 === 0 ? HOLE : { physicalPlus1, digest: readU32(leaf.bytes, at + 4) };
  }

  /** What a view reads at a chunk. */
  valueOf(view: number, chunk: number): Value {
    const { restore } = this;
    if (view !== ORIGIN) return this.snapshotValue(view, chunk);
    const isSettled = restore === undefined || chunk < restore.cursor;
    return isSettled ? this.originAt(chunk) : this.snapshotValue(restore.bit, chunk);
  }

  /** The same, for who does not verify: `physicalPlus1` alone. */
  placeOf(view: number, chunk: number): number {
    if (view !== ORIGIN || this.restore !== undefined)
      return this.valueOf(view, chunk).physicalPlus1;
    const leaf = this.origin.leafOf(chunk);
    return leaf === undefined ? 0 : readU32(leaf.bytes, this.origin.offsetOf(chunk));
  }

  private snapshotValue(bit: number, chunk: number): Value {
    return pairWith(this.exceptions.pairsOf(chunk), bit) ?? this.originAt(chunk);
  }

  /** What a view has instead of the origin's value in the map, if anything. */
  pairAmong(pairs: readonly Pair[], view: number, chunk: number): Pair | undefined {
    const { restore } = this;
    const isRestored = view === ORIGIN && restore !== undefined && chunk >= restore.cursor;
    return pairWith(pairs, isRestored ? restore.bit : view);
  }

  /** The physical chunk that only this view refers to at this chunk, or −1: it may be changed in place. */
  exclusiveOf(view: number, chunk: number): number {
    const pairs = isEmpty(this.live) && view === ORIGIN ? [] : this.exceptions.pairsOf(chunk);
    const own = view === ORIGIN ? this.originAt(chunk) : pairWith(pairs, view);
    if (own === undefined || isHole(own)) return -1;
    const isAlone =
      view === ORIGIN ? isEmpty(this.lacking(pairs)) : sameMask((own as Pair).mask, bitMask(view));
    const physical = own.physicalPlus1 - 1;
    return isAlone && this.pool.referencesOf(physical) === 1 ? physical : -1;
  }

  /** Live snapshots that see the origin's value. */
  lacking(pairs: readonly Pair[]): Mask {
    return pairs.reduce((mask, pair) => without(mask, pair.mask), this.live);
  }

  /** @throws VarveError CORRUPT when the operation cannot have been planned on this state */
  apply(redo: Redo, lsn: number): void {
    const { view } = redo;
    if (view !== ORIGIN && redo.op !== 'snapshot') {
      const snapshot = this.snapshotOf(view);
      this.demand(snapshot !== undefined, redo, lsn);
      this.demand(snapshot.isDying === (redo.op === 'delete-step'), redo, lsn);
    }
    switch (redo.op) {
      case 'image':
        this.demand(redo.chunk < this.chunksOf(view), redo, lsn);
        this.applyImage(view, redo.chunk, redo.physical, redo.digest);
        this.overlay.put(redo.physical, redo.bytes, lsn);
        break;
      case 'share': {
        const value = { physicalPlus1: redo.physical + 1, digest: redo.digest };
        this.demand(redo.chunk < this.chunksOf(view), redo, lsn);
        this.pool.refer(redo.physical, true);
        this.assign(view, redo.chunk, value);
        break;
      }
      case 'map':
        this.demand(redo.chunk + redo.digests.length <= this.chunksOf(view), redo, lsn);
        redo.digests.forEach((digest, index) => {
          const physical = redo.physical + index;
          this.pool.refer(physical, false);
          this.assign(view, redo.chunk + index, { physicalPlus1: physical + 1, digest });
        });
        break;
      case 'unmap':
        this.demand(redo.chunk + redo.count <= this.chunksOf(view), redo, lsn);
        this.unmap(view, redo.chunk, redo.chunk + redo.count);
        break;
      case 'snapshot': {
        const { createdAtMs, name } = redo;
        const isNew = this.snapshots.every((s) => s.bit !== view && (s.isDying || s.name !== name));
        this.demand(isNew, redo, lsn);
        const { sizeBytes } = this;
        this.setSnapshots([
          ...this.snapshots,
          { bit: view, name, createdAtMs, lsn, sizeBytes, isDying: false },
        ]);
        break;
      }
      case 'delete': {
        const snapshot = this.snapshotOf(view)!;
        const others = this.snapshots.filter(({ bit }) => bit !== view);
        this.setSnapshots([...others, { ...snapshot, isDying: true }]);
        break;
      }
      case 'delete-step':
        this.demand(this.dying?.bit === view && redo.from === this.deleteCursor, redo, lsn);
        this.deleteStep(view, redo.from, redo.to);
        break;
      case 'restore':
        this.demand(this.restore === undefined, redo, lsn);
        this.restore = { bit: view, cursor: 0 };
        this.sizeBytes = this.sizeOf(view);
        break;
      case 'restore-step':
        this.demand(this.restore?.bit === view && redo.from === this.restore.cursor, redo, lsn);
        this.restoreStep(view, redo.from, redo.to);
        break;
      case 'resize':
        this.demand(redo.sizeBytes <= CHUNKS_MAX * this.chunkBytes, redo, lsn);
        if (redo.sizeBytes < this.sizeBytes) {
          this.unmap(ORIGIN, this.chunksIn(redo.sizeBytes), this.chunksIn(this.sizeBytes));
        }
        this.sizeBytes = redo.sizeBytes;
        break;
    }
  }

  private demand(holds: boolean, redo: Redo, lsn: number): asserts holds {
    if (holds) return;
    throw new VarveError('CORRUPT', 'a record does not fit the volume', {
      facts: { lsn, op: redo.op, view: redo.view },
    });
  }

  private chunksOf(view: number): number {
    return this.chunksIn(this.sizeOf(view));
  }

  chunksIn(bytes: number): number {
    return Math.ceil(bytes / this.chunkBytes);
  }

  private setSnapshots(snapshots: readonly Snapshot[]): void {
    this.snapshots = snapshots;
    this.countLive();
  }

  private applyImage(view: number, chunk: number, physical: number, digest: number): void {
    const value = { physicalPlus1: physical + 1, digest };
    if (this.exclusiveOf(view, chunk) === physical) this.setInPlace(view, chunk, value);
    else {
      this.pool.refer(physical, false);
      this.assign(view, chunk, value);
    }
  }

  private setInPlace(view: number, chunk: number, value: Value): void {
    if (view === ORIGIN) this.setOrigin(chunk, value);
    else {
      const pairs = this.exceptions.pairsOf(chunk);
      const changed = pairs.map((pair) => (hasBit(pair.mask, view) ? { ...pair, ...value } : pair));
      this.exceptions.set(chunk, changed);
    }
  }

  /** A view's value changes; whoever shares the old one keeps it. */
  private assign(view: number, chunk: number, value: Value): void {
    if (view === ORIGIN) this.assignOrigin(chunk, value);
    else this.assignSnapshot(view, chunk, value);
  }

  private assignOrigin(chunk: number, value: Value): void {
    const old = this.originAt(chunk);
    if (isHole(old) && isHole(value)) return;
    const pairs = isEmpty(this.live) ? [] : this.exceptions.pairsOf(chunk);
    const lacking = this.lacking(pairs);
    if (isEmpty(lacking)) this.release(old);
    else {
      // The reference goes over from the origin to the pair.
      this.exceptions.set(chunk, [...pairs, { mask: lacking, ...old }]);
      this.redirects++;
    }
    this.setOrigin(chunk, value);
  }

  private assignSnapshot(bit: number, chunk: number, value: Value): void {
    const pairs = this.exceptions.pairsOf(chunk);
    const own = pairWith(pairs, bit);
    if (isHole(own ?? this.originAt(chunk)) && isHole(value)) return;
    const others = this.withoutBit(pairs, bit);
    this.exceptions.set(chunk, [...others, { mask: bitMask(bit), ...value }]);
  }

  /** Takes the bit out of a chunk's pairs; what nobody has any more is released. */
  private withoutBit(pairs: readonly Pair[], bit: number): Pair[] {
    return pairs.flatMap((pair) => {
      if (!hasBit(pair.mask, bit)) return [pair];
      const mask = without(pair.mask, bitMask(bit));
      if (!isEmpty(mask)) return [{ ...pair, mask }];
      this.release(pair);
      return [];
    });
  }

  private setOrigin(chunk: number, { physicalPlus1, digest }: Value): void {
    const { bytes } = this.origin.writableLeafOf(chunk);
    const at = this.origin.offsetOf(chunk);
    writeU32(bytes, at, physicalPlus1);
    writeU32(bytes, at + 4, digest);
  }

  private release(value: Value): void {
    if (isHole(value)) return;
    const physical = value.physicalPlus1 - 1;
    this.pool.release(physical);
    if (this.pool.referencesOf(physical) === 0) this.overlay.forget(physical);
  }

  private unmap(view: number, from: number, to: number): void {
    const { leafEntries } = this.origin;
    for (let chunk = from; chunk < to;) {
      if (view === ORIGIN && this.origin.leafOf(chunk) === undefined) {
        chunk = (Math.floor(chunk / leafEntries) + 1) * leafEntries;
      } else this.assign(view, chunk++, HOLE);
    }
  }

  private deleteStep(bit: number, from: number, to: number): void {
    this.forExceptions(from, to, (chunk, pairs) => {
      if (pairWith(pairs, bit) !== undefined) {
        this.exceptions.set(chunk, this.withoutBit(pairs, bit));
      }
    });
    this.deleteCursor = to === CURSOR_END ? 0 : to;
    if (to === CURSOR_END) {
      this.setSnapshots(this.snapshots.filter((snapshot) => snapshot.bit !== bit));
    }
  }

  private restoreStep(bit: number, from: number, to: number): void {
    this.forExceptions(from, to, (chunk, pairs) => {
      const taken = pairWith(pairs, bit);
      if (taken === undefined) return;
      const old = this.originAt(chunk);
      const lacking = this.lacking(pairs);
      const kept = pairs.filter((pair) => pair !== taken);
      if (isEmpty(lacking)) this.release(old);
      else kept.push({ mask: lacking, ...old });
      this.exceptions.set(chunk, kept);
      // All who shared the pair see it through the origin from now on.
      this.setOrigin(chunk, taken);
    });
    this.restore = to === CURSOR_END ? undefined : { bit, cursor: to };
  }

  private forExceptions(
    from: number,
    to: number,
    visit: (chunk: number, pairs: readonly Pair[]) => void,
  ): void {
    let next = this.exceptions.next(from);
    while (next !== undefined && next.chunk < to) {
      visit(next.chunk, next.pairs);
      next = this.exceptions.next(next.chunk + 1);
    }
  }

  /** Where a step over so many exceptions ends. */
  stepEnd(from: number, count: number): number {
    let seen = 0;
    for (const { chunk } of this.exceptions.scan(from)) if (seen++ === count) return chunk;
    return CURSOR_END;
  }

  /** Writes every dirty block to a fresh place, not flushed yet; returns the header that names them. */
  write(): Header {
    return {
      seed: this.seed,
      chunkBytes: this.chunkBytes,
      capacityChunks: this.pool.capacityChunks,
      sizeBytes: this.sizeBytes,
      origin: this.origin.write(),
      references: this.pool.references.write(),
      exceptions: this.exceptions.write(),
      exceptionCount: this.exceptions.count,
      pool: this.pool.counts,
      deleteCursor: this.deleteCursor,
      restore: this.restore,
      snapshots: this.snapshots,
    };
  }
}

export function pairWith(pairs: readonly Pair[], bit: number): Pair | undefined {
  if (bit === ORIGIN) return undefined;
  const mask = bitMask(bit);
  return pairs.find((pair) => overlaps(pair.mask, mask));
}
