/**
 * The B-tree of exceptions: chunk → what snapshots have there instead of the origin's value.
 *
 * Always true:
 * - all leaves are equally deep; in a node the first chunks ascend, and bound what lies below; the
 *   first of them is the node's own bound, which at the left edge is 0
 * - an ancestor of a dirty block is dirty; its entry for that block is set when the block is written
 * - after a removal no node is empty, and neighbours of which one is less than a quarter full are
 *   one when both fit
 */
import { invariant, readU32, writeU32 } from '@varve/bytes';
import {
  type Block,
  blockId,
  type BlockRef,
  type Blocks,
  countOf,
  type Enters,
  NOWHERE,
  setCount,
  type WalkedBlock,
} from './blocks.ts';
import {
  BLOCK_BODY_BYTES,
  BLOCK_HEADER_BYTES,
  BlockKind,
  NODE_ENTRY_BYTES,
  NODE_FANOUT,
} from './format.ts';
import {
  chunkAt,
  fits,
  moveTail,
  pairsAt,
  pairsOf,
  seekChunk,
  setPairs,
  splitIndex,
  usedBytes,
} from './leaf.ts';
import type { Pair } from './value.ts';

export interface TreeRoot extends BlockRef {
  /** Number of the top block; numbers are never used again. */
  readonly node: number;
  /** Levels; 0: the tree is empty. */
  readonly height: number;
  /** The next number to give out. */
  readonly nextNode: number;
}

export const EMPTY_TREE: TreeRoot = { ...NOWHERE, node: 0, height: 0, nextNode: 1 };

export interface ChunkPairs {
  readonly chunk: number;
  readonly pairs: Pair[];
}

/** A node on the way down, and which child was taken. */
interface Step {
  readonly block: Block;
  slot: number;
}

const QUARTER = BLOCK_BODY_BYTES / 4;

export class Exceptions {
  /** Chunks that have exceptions. */
  count: number;
  private root: TreeRoot;
  private readonly blocks: Blocks;

  constructor(blocks: Blocks, root: TreeRoot, count: number) {
    this.blocks = blocks;
    this.root = root;
    this.count = count;
  }

  get height(): number {
    return this.root.height;
  }

  pairsOf(chunk: number): Pair[] {
    if (this.root.height === 0) return [];
    return pairsOf(this.descend(chunk).leaf, chunk);
  }

  /** The first chunk from `from` on that has exceptions, and those. */
  next(from: number): ChunkPairs | undefined {
    for (const found of this.scan(from)) return found;
    return undefined;
  }

  /** Chunks from `from` on that have exceptions, ascending. The tree must not change in between. */
  *scan(from: number): Generator<ChunkPairs, void, undefined> {
    for (let bound = this.root.height === 0 ? Infinity : from; bound < Infinity;) {
      const { path, leaf } = this.descend(bound);
      const count = countOf(leaf);
      for (let index = seekChunk(leaf, from); index < count; index++) {
        yield { chunk: chunkAt(leaf, index), pairs: pairsAt(leaf, index) };
      }
      // The way down to the right neighbour's bound ends in its leftmost leaf.
      const up = path.findLast(({ block, slot }) => slot + 1 < countOf(block));
      bound = up === undefined ? Infinity : firstChunk(up.block, up.slot + 1);
    }
  }

  /** Puts `pairs` in the place of the chunk's. */
  set(chunk: number, pairs: readonly Pair[]): void {
    if (this.root.height === 0) {
      if (pairs.length === 0) return;
      this.plant();
    }
    const { path, leaf } = this.descend(chunk);
    for (const { block } of path) this.blocks.touch(block);
    this.blocks.touch(leaf);
    const target = fits(leaf, chunk, pairs.length)
      ? leaf
      : this.split(path, leaf, chunk, pairs.length);
    const before = countOf(target);
    setPairs(target, chunk, pairs);
    this.count += countOf(target) - before;
    if (pairs.length === 0) this.settle(path, target);
  }

  private plant(): void {
    const { nextNode } = this.root;
    this.blocks.create(BlockKind.Exceptions, 0, blockId(BlockKind.Exceptions, 0, nextNode));
    this.root = { ...NOWHERE, node: nextNode, height: 1, nextNode: nextNode + 1 };
  }

  private descend(chunk: number): { path: Step[]; leaf: Block } {
    const path: Step[] = [];
    let block = this.top();
    while (block.level > 0) {
      const slot = seekSlot(block, chunk);
      path.push({ block, slot });
      block = this.child(block, slot);
    }
    return { path, leaf: block };
  }

  private top(): Block {
    const { node, height } = this.root;
    return this.load(height - 1, node, this.root);
  }

  private child(parent: Block, slot: number): Block {
    return this.load(parent.level - 1, childNode(parent, slot), childRef(parent, slot));
  }

  private load(level: number, node: number, ref: BlockRef): Block {
    return this.blocks.load(
      BlockKind.Exceptions,
      level,
      blockId(BlockKind.Exceptions, level, node),
      ref,
    );
  }

  private create(level: number): { node: number; block: Block } {
    const node = this.root.nextNode;
    this.root = { ...this.root, nextNode: node + 1 };
    const id = blockId(BlockKind.Exceptions, level, node);
    return { node, block: this.blocks.create(BlockKind.Exceptions, level, id) };
  }

  /** Splits the leaf in the middle until the chunk's pairs fit; returns the leaf they belong in. */
  private split(path: Step[], leaf: Block, chunk: number, pairs: number): Block {
    const { node, block: right } = this.create(0);
    // All chunks lie below: what is put in comes alone, to the right.
    const behind = seekChunk(leaf, chunk) === countOf(leaf) && countOf(leaf) > 0;
    let bound = chunk;
    if (!behind) {
      moveTail(leaf, splitIndex(leaf), right);
      bound = chunkAt(right, 0);
    }
    this.insertChild(path, bound, node);
    const target = chunk < bound ? leaf : right;
    if (fits(target, chunk, pairs)) return target;
    // Nodes on the way down may have been split, too.
    const again = this.descend(chunk);
    invariant(again.leaf === target, 'a chunk’s leaf is found by its bounds');
    return this.split(again.path, target, chunk, pairs);
  }

  /** Enters a new node behind the child that `path` ends in. */
  private insertChild(path: Step[], bound: number, node: number): void {
    const above = path.at(-1);
    if (above === undefined) {
      this.raise(bound, node);
      return;
    }
    const { block, slot } = above;
    if (countOf(block) < NODE_FANOUT) {
      insertEntry(block, slot + 1, bound, node);
      return;
    }
    const { node: rightNode, block: right } = this.create(block.level);
    const middle = NODE_FANOUT >>> 1;
    moveEntries(block, middle, right);
    if (slot + 1 <= middle) insertEntry(block, slot + 1, bound, node);
    else insertEntry(right, slot + 1 - middle, bound, node);
    this.insertChild(path.slice(0, -1), firstChunk(right, 0), rightNode);
  }

  /** A new root above the old one and its new neighbour. */
  private raise(bound: number, node: number): void {
    const { node: oldNode, height } = this.root;
    const { node: topNode, block } = this.create(height);
    insertEntry(block, 0, 0, oldNode);
    insertEntry(block, 1, bound, node);
    this.root = { ...this.root, ...NOWHERE, node: topNode, height: height + 1 };
  }

  /** After a removal: joins what has become too empty with a neighbour, and lets empty nodes go. */
  private settle(path: Step[], below: Block): void {
    const above = path.at(-1);
    if (above === undefined) {
      if (countOf(below) === 0) this.uproot(below);
      return;
    }
    const { block: parent, slot } = above;
    if (countOf(below) === 0) {
      this.blocks.drop(below);
      removeEntry(parent, slot);
    } else if (bodyBytes(below) < QUARTER) {
      const left = slot > 0 && this.join(parent, slot - 1);
      if (!left && slot + 1 < countOf(parent)) this.join(parent, slot);
    }
    this.settle(path.slice(0, -1), parent);
    this.lower();
  }

  /** Joins a child with its right neighbour, if both fit in one. */
  private join(parent: Block, slot: number): boolean {
    const left = this.child(parent, slot);
    const right = this.child(parent, slot + 1);
    if (bodyBytes(left) + bodyBytes(right) > BLOCK_BODY_BYTES) return false;
    this.blocks.touch(left);
    if (left.level === 0) {
      for (let index = 0; index < countOf(right); index++) {
        setPairs(left, chunkAt(right, index), pairsAt(right, index));
      }
    } else {
      appendEntries(left, right);
    }
    this.blocks.drop(right);
    removeEntry(parent, slot + 1);
    return true;
  }

  private uproot(top: Block): void {
    this.blocks.drop(top);
    this.root = { ...NOWHERE, node: 0, height: 0, nextNode: this.root.nextNode };
  }

  /** A root with a single child is not needed. */
  private lower(): void {
    while (this.root.height > 1) {
      const top = this.top();
      if (countOf(top) > 1) return;
      const [node, ref] = [childNode(top, 0), childRef(top, 0)];
      this.blocks.drop(top);
      this.root = { ...this.root, ...ref, node, height: this.root.height - 1 };
    }
  }

  /** Writes what is dirty, children first; returns the root for the header. */
  write(): TreeRoot {
    const { height, node } = this.root;
    if (height === 0) return this.root;
    if (this.blocks.isDirty(blockId(BlockKind.Exceptions, height - 1, node))) {
      const { place, checksum } = this.writeBlock(this.top());
      this.root = { ...this.root, place, checksum };
    }
    return this.root;
  }

  private writeBlock(block: Block): BlockRef {
    for (let slot = 0; block.level > 0 && slot < countOf(block); slot++) {
      const id = blockId(BlockKind.Exceptions, block.level - 1, childNode(block, slot));
      if (this.blocks.isDirty(id))
        setChildRef(block, slot, this.writeBlock(this.child(block, slot)));
    }
    return this.blocks.write(block);
  }

  /** Every node with the bounds its parent gives it, top first. */
  *walk(enters: Enters = () => true): Generator<WalkedNode> {
    const { height, node } = this.root;
    if (height > 0) yield* this.walkFrom(height - 1, node, this.root, 0, Infinity, enters);
  }

  private *walkFrom(
    level: number,
    node: number,
    ref: BlockRef,
    from: number,
    to: number,
    enters: Enters,
  ): Generator<WalkedNode> {
    const id = blockId(BlockKind.Exceptions, level, node);
    const load = (): Block => this.load(level, node, ref);
    yield { level, id, ref: this.blocks.isDirty(id) ? NOWHERE : ref, from, to, load };
    if (level === 0 || !enters()) return;
    const block = load();
    for (let slot = 0; slot < countOf(block); slot++) {
      const last = slot + 1 === countOf(block);
      const lower = slot === 0 ? from : firstChunk(block, slot);
      const upper = last ? to : firstChunk(block, slot + 1);
      const child = childNode(block, slot);
      yield* this.walkFrom(level - 1, child, childRef(block, slot), lower, upper, enters);
    }
  }
}

interface WalkedNode extends WalkedBlock {
  readonly load: () => Block;
}

const entryAt = (slot: number): number => BLOCK_HEADER_BYTES + slot * NODE_ENTRY_BYTES;
const firstChunk = ({ bytes }: Block, slot: number): number => readU32(bytes, entryAt(slot));
const childNode = ({ bytes }: Block, slot: number): number => readU32(bytes, entryAt(slot) + 4);

function childRef({ bytes }: Block, slot: number): BlockRef {
  const at = entryAt(slot);
  return { place: readU32(bytes, at + 8), checksum: readU32(bytes, at + 12) };
}

function setChildRef({ bytes }: Block, slot: number, { place, checksum }: BlockRef): void {
  writeU32(bytes, entryAt(slot) + 8, place);
  writeU32(bytes, entryAt(slot) + 12, checksum);
}

function bodyBytes(block: Block): number {
  return block.level === 0 ? usedBytes(block) : countOf(block) * NODE_ENTRY_BYTES;
}

/** The last slot whose first chunk is not above `chunk`: the first one's never is. */
function seekSlot(node: Block, chunk: number): number {
  let low = 0;
  let high = countOf(node);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (firstChunk(node, middle) <= chunk) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function insertEntry(node: Block, slot: number, bound: number, child: number): void {
  const { bytes } = node;
  bytes.copyWithin(entryAt(slot + 1), entryAt(slot), entryAt(countOf(node)));
  writeU32(bytes, entryAt(slot), bound);
  writeU32(bytes, entryAt(slot) + 4, child);
  setChildRef(node, slot, NOWHERE);
  setCount(node, countOf(node) + 1);
}

function removeEntry(node: Block, slot: number): void {
  const count = countOf(node);
  // What is first bounds the whole node: its successor takes over that bound.
  if (slot === 0 && count > 1) writeU32(node.bytes, entryAt(1), firstChunk(node, 0));
  node.bytes.copyWithin(entryAt(slot), entryAt(slot + 1), entryAt(count));
  node.bytes.fill(0, entryAt(count - 1), entryAt(count));
  setCount(node, count - 1);
}

function moveEntries(node: Block, from: number, into: Block): void {
  const count = countOf(node);
  into.bytes.set(node.bytes.subarray(entryAt(from), entryAt(count)), entryAt(0));
  setCount(into, count - from);
  node.bytes.fill(0, entryAt(from), entryAt(count));
  setCount(node, from);
}

function appendEntries(left: Block, right: Block): void {
  const [count, added] = [countOf(left), countOf(right)];
  left.bytes.set(right.bytes.subarray(entryAt(0), entryAt(added)), entryAt(count));
  setCount(left, count + added);
}
