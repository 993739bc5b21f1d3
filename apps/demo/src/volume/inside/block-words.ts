/** What a block of the volume's maps is, in words: told when a person points at it. */
import type { BlockLayout, VolumeLayout } from '@varve/protocol';
import { count, plural } from '../../ui/format.ts';

export type MapName = keyof VolumeLayout['maps'];

const rangeOf = ({ from, to }: BlockLayout): string =>
  to - from <= 1 ? `chunk ${count(from)}` : `chunks ${count(from)} – ${count(to - 1)}`;

/** Who else sees the values of a block of the origin is not known: exceptions for its chunks are damaged. */
export function isVague(name: MapName, block: BlockLayout, { maps }: VolumeLayout): boolean {
  return (
    name === 'origin' &&
    maps.exceptions.list.some(
      ({ isDamaged, from, to }) => isDamaged && from < block.to && block.from < to,
    )
  );
}

const LEAF_WORDS: Readonly<Record<MapName, (leaf: BlockLayout, atLeast: string) => string>> = {
  origin: (leaf, atLeast) =>
    `${rangeOf(leaf)}: ${count(leaf.entries)} stored, ${atLeast}${count(leaf.shared)} of them seen by snapshots, too`,
  exceptions: (leaf) =>
    `${rangeOf(leaf)}: for ${count(leaf.entries)} of them snapshots have ${plural(leaf.values, 'value')} instead, ${count(leaf.shared)} in common`,
  references: (leaf) =>
    `${rangeOf(leaf)} of the pool: ${count(leaf.entries)} in use${leaf.shared === 0 ? '' : `, ${count(leaf.shared)} by several equal chunks`}`,
};

const whereOf = ({ place }: BlockLayout): string =>
  place === 0
    ? 'Changed since the checkpoint, so in memory'
    : `Place ${count(place)} of the metadata file`;

/** @param vague who else sees its values is not known of all of them */
export function wordsOfBlock(name: MapName, block: BlockLayout, vague = false): string {
  const isLeaf = block.level === 0;
  const title = `${isLeaf ? 'Leaf' : 'Node'} of the ${name}, `;
  if (block.isDamaged) return `${title}${rangeOf(block)}: does not verify, nothing of it counts.`;
  const what = isLeaf
    ? LEAF_WORDS[name](block, vague ? 'at least ' : '')
    : `${rangeOf(block)}, over ${plural(block.entries, 'block')}`;
  return `${title}${what}. ${Math.round(block.fill * 100)}\u{a0}% full. ${whereOf(block)}.`;
}
