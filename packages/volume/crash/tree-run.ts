/**
 * The tree of exceptions alone, large enough for several levels, against a map: put in, taken out,
 * written, loaded again.
 */
import { createMemoryHost } from '@varve/files/memory';
import { SeededRandom, seedOf } from '@varve/files/simulated';
import { Blocks, type BlockRef, countOf } from '../src/blocks.ts';
import { EMPTY_TREE, Exceptions } from '../src/exceptions.ts';
import { bitMask } from '../src/mask.ts';
import type { Pair } from '../src/value.ts';
import { VolumeFiles } from '../src/volume-files.ts';
import { Differs } from './equal.ts';

export interface TreeFigures {
  changes: number;
  most: number;
  heightMost: number;
  blocksLeft: number;
}

export async function treeRun(seed: number, changes = 6_000): Promise<TreeFigures> {
  const random = new SeededRandom(seedOf(seed, 'tree'));
  const { root } = createMemoryHost();
  const meta = await root.openFile('meta', { create: true });
  const data = await root.openFile('data', { create: true });
  const files = new VolumeFiles(data, meta);
  let blocks = new Blocks(files, seed, 0);
  let tree = new Exceptions(blocks, EMPTY_TREE, 0);
  const expected = new Map<number, Pair[]>();
  const figures = { changes, most: 0, heightMost: 0, blocksLeft: 0 };
  const range = 100 + random.below(60_000);
  const pairsMost = random.below(2) === 0 ? 2 : 64;

  const save = (): void => {
    const saved = tree.write();
    const { count } = tree;
    blocks.flush();
    blocks.settle();
    blocks = new Blocks(files, seed, 0);
    tree = new Exceptions(blocks, saved, count);
    for (const { ref } of tree.walk()) if (ref.place !== 0) blocks.claim(ref.place);
  };
  const compare = (): void => {
    let next = tree.next(0);
    for (const [chunk, pairs] of [...expected].sort(([a], [b]) => a - b)) {
      if (next?.chunk !== chunk || JSON.stringify(next.pairs) !== JSON.stringify(pairs)) {
        throw new Differs(`seed ${seed}: chunk ${chunk}, the tree has ${JSON.stringify(next)}`);
      }
      next = tree.next(chunk + 1);
    }
    if (next !== undefined || tree.count !== expected.size) {
      throw new Differs(`seed ${seed}: ${tree.count} chunks, not ${expected.size}`);
    }
    assertShape(tree, seed);
  };

  for (let change = 0; change < changes; change++) {
    // It grows in the first half, and shrinks in the second.
    const isRemoval = random.below(10) < (change * 2 < changes ? 2 : 7);
    const known = isRemoval && expected.size > 0 && random.below(8) > 0;
    const from = random.below(range);
    const chunk = known ? (tree.next(from)?.chunk ?? tree.next(0)!.chunk) : from;
    const count = isRemoval ? 0 : 1 + random.below(pairsMost);
    const pairs = Array.from({ length: count }, (_, bit) => ({
      mask: bitMask(bit),
      physicalPlus1: random.below(2 ** 31),
      digest: random.below(2 ** 31),
    }));
    tree.set(chunk, pairs);
    if (pairs.length === 0) expected.delete(chunk);
    else expected.set(chunk, pairs);
    figures.most = Math.max(figures.most, expected.size);
    figures.heightMost = Math.max(figures.heightMost, tree.height);
    if (random.below(500) === 0) save();
    if (random.below(1_000) === 0) compare();
    blocks.trim();
  }
  compare();
  for (const chunk of [...expected.keys()]) {
    tree.set(chunk, []);
    expected.delete(chunk);
  }
  compare();
  save();
  figures.blocksLeft = blocks.usedPlaces;
  return figures;
}

/** Bounds hold, no node is empty, and neighbours that would fit in one are few. */
function assertShape(tree: Exceptions, seed: number): void {
  let leaves = 0;
  const refs: BlockRef[] = [];
  for (const { level, ref, from, to, load } of tree.walk()) {
    if (level === 0) leaves++;
    if (ref.place !== 0) refs.push(ref);
    if (countOf(load()) === 0 || from >= to) {
      throw new Differs(`seed ${seed}: a node of level ${level} is empty or out of bounds`);
    }
  }
  if (tree.count > 0 && leaves > tree.count) throw new Differs(`seed ${seed}: ${leaves} leaves`);
}
