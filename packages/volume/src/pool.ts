/**
 * The chunk pool: how often each physical chunk is referred to, and which come next.
 *
 * Always true:
 * - a physical chunk is free when nothing refers to it and it is not in quarantine
 * - what lost its last reference waits in quarantine until a checkpoint that knows of it is durable:
 *   recovery may replay older images onto it, and the maps it starts from may still refer to it
 * - choosing changes nothing: only `refer` does, for a write and its replay alike
 */
import { invariant, readU16, writeU16 } from '@varve/bytes';
import { VarveError } from '@varve/protocol';
import { BitSet } from './bit-set.ts';
import { REFERENCES_MAX } from './format.ts';
import type { RadixTable } from './radix.ts';

export interface PoolCounts {
  /** Physical chunks that were ever given out: the pool's extent. */
  readonly extentChunks: number;
  /** Of them referred to. */
  readonly usedChunks: number;
  /** Where the next search begins. */
  readonly nextPhysical: number;
}

export interface Run {
  readonly first: number;
  readonly count: number;
}

export class Pool {
  readonly references: RadixTable;
  readonly capacityChunks: number;
  readonly quarantine = new BitSet();
  private extent: number;
  private used: number;
  private nextPhysical: number;

  constructor(references: RadixTable, capacityChunks: number, counts: PoolCounts) {
    this.references = references;
    this.capacityChunks = capacityChunks;
    this.extent = counts.extentChunks;
    this.used = counts.usedChunks;
    this.nextPhysical = counts.nextPhysical;
  }

  get counts(): PoolCounts {
    return {
      extentChunks: this.extent,
      usedChunks: this.used,
      nextPhysical: this.nextPhysical,
    };
  }

  /** Chunks that could be given out now. */
  get freeChunks(): number {
    return this.capacityChunks - this.used - this.quarantine.size;
  }

  referencesOf(physical: number): number {
    const leaf = this.references.leafOf(physical);
    return leaf === undefined ? 0 : readU16(leaf.bytes, this.references.offsetOf(physical));
  }

  /** One more reference. @throws VarveError CORRUPT when a replayed record takes what is not free */
  refer(physical: number, mayShare: boolean): void {
    const isInRange = physical < this.capacityChunks;
    const before = isInRange ? this.referencesOf(physical) : 0;
    const isFree = before === 0 && !this.quarantine.has(physical);
    const fine = isInRange && (mayShare ? before > 0 && before < REFERENCES_MAX : isFree);
    if (!fine) {
      throw new VarveError('CORRUPT', 'a record takes a chunk that is not free', {
        facts: { physical, references: before, capacityChunks: this.capacityChunks },
      });
    }
    this.set(physical, before + 1);
    if (before > 0) return;
    this.used++;
    this.extent = Math.max(this.extent, physical + 1);
    this.nextPhysical = physical + 1;
  }

  /** One reference less; the last one puts the chunk into quarantine. */
  release(physical: number): void {
    const before = this.referencesOf(physical);
    invariant(before > 0, 'what is released was referred to');
    this.set(physical, before - 1);
    if (before > 1) return;
    this.used--;
    this.quarantine.add(physical);
  }

  private set(physical: number, count: number): void {
    const { bytes } = this.references.writableLeafOf(physical);
    writeU16(bytes, this.references.offsetOf(physical), count);
  }

  /** A checkpoint that knows of every release is durable. */
  liftQuarantine(): void {
    this.quarantine.clear();
  }

  /** Chooses for one operation. */
  draft(): Draft {
    return new Draft(this);
  }

  /** The first free chunk in `[from, to)` of what was given out before, or −1. */
  nextFree(from: number, to: number): number {
    const { references } = this;
    for (let physical = from; physical < to;) {
      const leaf = references.leafOf(physical);
      const leafEnd = (Math.floor(physical / references.leafEntries) + 1) * references.leafEntries;
      const end = Math.min(to, leafEnd);
      for (; physical < end; physical++) {
        const isUnused =
          leaf === undefined || readU16(leaf.bytes, references.offsetOf(physical)) === 0;
        if (isUnused && !this.quarantine.has(physical)) return physical;
      }
    }
    return -1;
  }
}

/** Next-fit from the last allocation, around once, then growth; never the same chunk twice. */
class Draft {
  private readonly pool: Pool;
  private readonly from: number;
  private cursor: number;
  private hasWrapped = false;
  private grownTo: number;
  private left: number;

  constructor(pool: Pool) {
    const { extentChunks, usedChunks, nextPhysical } = pool.counts;
    this.pool = pool;
    this.from = Math.min(nextPhysical, extentChunks);
    this.cursor = this.from;
    this.grownTo = extentChunks;
    this.left = extentChunks - usedChunks - pool.quarantine.size;
  }

  /** Up to `max` physical chunks side by side; undefined: the pool is full. */
  take(max: number): Run | undefined {
    return this.left > 0 ? (this.takeFree(max) ?? this.grow(max)) : this.grow(max);
  }

  private takeFree(max: number): Run | undefined {
    const { extentChunks } = this.pool.counts;
    for (;;) {
      const end = this.hasWrapped ? this.from : extentChunks;
      const first = this.pool.nextFree(this.cursor, end);
      if (first >= 0) {
        let count = 1;
        while (
          count < max &&
          this.pool.nextFree(first + count, Math.min(end, first + count + 1)) >= 0
        )
          count++;
        this.cursor = first + count;
        this.left -= count;
        return { first, count };
      }
      if (this.hasWrapped) return undefined;
      this.hasWrapped = true;
      this.cursor = 0;
    }
  }

  private grow(max: number): Run | undefined {
    const count = Math.min(max, this.pool.capacityChunks - this.grownTo);
    if (count <= 0) return undefined;
    const first = this.grownTo;
    this.grownTo += count;
    return { first, count };
  }
}

export type { Draft };
