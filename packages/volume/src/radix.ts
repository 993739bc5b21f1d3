/**
 * A table from numbers to small fixed-size entries: leaves, and above them as many levels of blocks
 * as the highest number needs. What was never written is zeros, and takes no block.
 *
 * Always true:
 * - an ancestor of a dirty block is dirty; its entry for that block is set when the block is written
 * - `root` is where the last checkpoint left the top block; `height` 0: there is none
 */
import { invariant, readU32, writeU32 } from '@varve/bytes';
import {
  type Block,
  blockId,
  type BlockRef,
  type Blocks,
  type Enters,
  NOWHERE,
  type WalkedBlock,
} from './blocks.ts';
import {
  BLOCK_BODY_BYTES,
  BLOCK_HEADER_BYTES,
  type BlockKind,
  RADIX_CHILD_BYTES,
  RADIX_FANOUT,
} from './format.ts';

export interface RadixRoot extends BlockRef {
  readonly height: number;
}

export const EMPTY_RADIX: RadixRoot = { ...NOWHERE, height: 0 };

interface WalkedRadixBlock extends WalkedBlock {
  /** Among the blocks of its level. */
  readonly index: number;
}

export class RadixTable {
  /** How many entries a leaf holds. */
  readonly leafEntries: number;
  private root: RadixRoot;
  private readonly blocks: Blocks;
  private readonly kind: BlockKind;
  private readonly entryBytes: number;

  constructor(blocks: Blocks, kind: BlockKind, entryBytes: number, root: RadixRoot) {
    this.blocks = blocks;
    this.kind = kind;
    this.entryBytes = entryBytes;
    this.root = root;
    this.leafEntries = Math.floor(BLOCK_BODY_BYTES / entryBytes);
  }

  /** How many leaves the levels there are can name. */
  get leavesEnd(): number {
    return this.root.height === 0 ? 0 : RADIX_FANOUT ** (this.root.height - 1);
  }

  get height(): number {
    return this.root.height;
  }

  offsetOf(index: number): number {
    return BLOCK_HEADER_BYTES + (index % this.leafEntries) * this.entryBytes;
  }

  /** The leaf of an entry, for reading; undefined: all of it is zeros. */
  leafOf(index: number): Block | undefined {
    return this.leaf(Math.floor(index / this.leafEntries));
  }

  leaf(leafIndex: number): Block | undefined {
    return leafIndex < this.leavesEnd ? this.blockAt(0, leafIndex) : undefined;
  }

  /** The leaf of an entry, dirty. */
  writableLeafOf(index: number): Block {
    const leafIndex = Math.floor(index / this.leafEntries);
    const cached = this.blocks.cached(blockId(this.kind, 0, leafIndex));
    if (cached?.isDirty === true) return cached;
    while (leafIndex >= this.leavesEnd) this.grow();
    return this.writable(0, leafIndex);
  }

  private blockAt(level: number, index: number): Block | undefined {
    const id = blockId(this.kind, level, index);
    const cached = this.blocks.cached(id);
    if (cached !== undefined) return cached;
    const ref = this.refOf(level, index);
    return ref.place === 0 ? undefined : this.blocks.load(this.kind, level, id, ref);
  }

  private refOf(level: number, index: number): BlockRef {
    if (level === this.root.height - 1) return this.root;
    const parent = this.blockAt(level + 1, Math.floor(index / RADIX_FANOUT));
    return parent === undefined ? NOWHERE : childRef(parent, index % RADIX_FANOUT);
  }

  private writable(level: number, index: number): Block {
    const found = this.blockAt(level, index);
    if (found?.isDirty === true) return found;
    if (level < this.root.height - 1) this.writable(level + 1, Math.floor(index / RADIX_FANOUT));
    if (found === undefined) {
      return this.blocks.create(this.kind, level, blockId(this.kind, level, index));
    }
    this.blocks.touch(found);
    return found;
  }

  private grow(): void {
    const { height, ...top } = this.root;
    this.root = { ...NOWHERE, height: height + 1 };
    if (height === 0) return;
    const above = this.blocks.create(this.kind, height, blockId(this.kind, height, 0));
    setChildRef(above, 0, top);
    this.writable(height - 1, 0);
  }

  /** Writes what is dirty, children first; returns the root for the header. */
  write(): RadixRoot {
    const top = this.root.height - 1;
    const id = blockId(this.kind, top, 0);
    if (top >= 0 && this.blocks.isDirty(id)) {
      const { place, checksum } = this.writeBlock(top, 0);
      this.root = { place, checksum, height: this.root.height };
    }
    return this.root;
  }

  private writeBlock(level: number, index: number): BlockRef {
    const block = this.blocks.cached(blockId(this.kind, level, index));
    invariant(block !== undefined, 'dirty blocks stay in memory');
    for (let slot = 0; level > 0 && slot < RADIX_FANOUT; slot++) {
      const child = index * RADIX_FANOUT + slot;
      if (!this.blocks.isDirty(blockId(this.kind, level - 1, child))) continue;
      setChildRef(block, slot, this.writeBlock(level - 1, child));
    }
    return this.blocks.write(block);
  }

  /** Every block as it is in memory, or else on disk: top first. */
  *walk(enters: Enters = () => true): Generator<WalkedRadixBlock> {
    if (this.root.height > 0) yield* this.walkFrom(this.root.height - 1, 0, this.root, enters);
  }

  private *walkFrom(
    level: number,
    index: number,
    ref: BlockRef,
    enters: Enters,
  ): Generator<WalkedRadixBlock> {
    const id = blockId(this.kind, level, index);
    const isDirty = this.blocks.isDirty(id);
    if (ref.place === 0 && !isDirty) return;
    const span = this.leafEntries * RADIX_FANOUT ** level;
    const from = index * span;
    yield { level, index, id, ref: isDirty ? NOWHERE : ref, from, to: from + span };
    if (level === 0 || !enters()) return;
    for (let slot = 0; slot < RADIX_FANOUT; slot++) {
      const block = this.blockAt(level, index)!;
      const child = index * RADIX_FANOUT + slot;
      yield* this.walkFrom(level - 1, child, childRef(block, slot), enters);
    }
  }
}

function childRef({ bytes }: Block, slot: number): BlockRef {
  const at = BLOCK_HEADER_BYTES + slot * RADIX_CHILD_BYTES;
  return { place: readU32(bytes, at), checksum: readU32(bytes, at + 4) };
}

function setChildRef({ bytes }: Block, slot: number, { place, checksum }: BlockRef): void {
  const at = BLOCK_HEADER_BYTES + slot * RADIX_CHILD_BYTES;
  writeU32(bytes, at, place);
  writeU32(bytes, at + 4, checksum);
}
