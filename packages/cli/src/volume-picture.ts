/**
 * A volume's metadata in characters: its maps as trees, its pool and its metadata file a character for
 * each chunk and place, or for so many of them.
 *
 * Always true:
 * - a line or a character that stands for several says for how many
 * - what is damaged is to be seen, however much is folded
 */
import type { BlockLayout, MapLayout, VolumeLayout } from '@varve/protocol';
import { count, plural, table } from './format.ts';
import type { Paints } from './terminal.ts';

type MapName = keyof VolumeLayout['maps'];
type Words = Readonly<Record<string, string>>;

interface Drawing {
  /** Nothing is folded. */
  readonly all: boolean;
  readonly paint: Paints;
}

/** What all leaves of a map hold together. */
export interface MapSummary {
  readonly height: number;
  readonly blocks: number;
  readonly leaves: number;
  readonly entries: number;
  readonly shared: number;
  /** Of the leaves, on the average. */
  readonly fill: number;
}

/** Undefined: a block of it is damaged, so that it cannot be summed up. */
export function summaryOf({ height, damaged, list }: MapLayout): MapSummary | undefined {
  if (damaged > 0) return undefined;
  const leaves = list.filter(({ level }) => level === 0);
  const sum = (field: 'entries' | 'shared' | 'fill'): number =>
    leaves.reduce((total, leaf) => total + leaf[field], 0);
  return {
    height,
    blocks: list.length,
    leaves: leaves.length,
    entries: sum('entries'),
    shared: sum('shared'),
    fill: sum('fill') / Math.max(1, leaves.length),
  };
}

/** In the order in which they are drawn. */
export const MAP_NAMES: readonly MapName[] = ['origin', 'exceptions', 'references'];

export const USE_WORDS: Words = {
  '.': 'free',
  o: 'the origin’s alone',
  s: 'of snapshots alone',
  '+': 'of the origin and of snapshots, or of several equal chunks',
  q: 'in quarantine until the next checkpoint',
  '?': 'not known: a block is damaged',
};

export const PLACE_WORDS: Words = {
  '.': 'free',
  o: 'origin',
  e: 'exceptions',
  r: 'references',
  x: 'left, free after the next checkpoint',
  '?': 'not known: a block is damaged',
};

/** So many neighbours are drawn before the rest is folded; and of damaged ones behind them. */
const NODES_DRAWN = 3;
const LEAVES_DRAWN = 6;
const DAMAGED_DRAWN = 12;

const LETTERS_A_LINE = 64;
const LINES_DRAWN = 32;

const BAR_LETTERS = 10;

interface Branch {
  readonly block: BlockLayout;
  readonly below: Branch[];
}

/** None: it has no block. */
export function treeLines(
  name: MapName,
  { maps }: Pick<VolumeLayout, 'maps'>,
  drawing: Drawing,
): string[] {
  const { list } = maps[name];
  if (list.length === 0) return [];
  const lost = name === 'origin' ? maps.exceptions.list.filter(({ isDamaged }) => isDamaged) : [];
  const [head, ...lines] = table(
    ['chunks', '>holds', '>shared', 'fill', '>place'],
    [...rowsOf(branchesOf(list), { name, lost, all: drawing.all }, 0)],
  );
  const { dim, red } = drawing.paint;
  return [dim(head!), ...lines.map((line) => (line.includes(DAMAGED) ? red(line) : line))];
}

/** A block is told after the one above it, and before that one's next neighbour. */
function branchesOf(list: readonly BlockLayout[]): Branch[] {
  const tops: Branch[] = [];
  const above: Branch[] = [];
  for (const block of list) {
    const branch = { block, below: [] };
    above[block.level] = branch;
    (above[block.level + 1]?.below ?? tops).push(branch);
  }
  return tops;
}

const holdsDamage = ({ block, below }: Branch): boolean =>
  block.isDamaged || below.some(holdsDamage);

interface Tree {
  readonly name: MapName;
  /** Damaged exceptions: who else sees the origin's values there is not known. */
  readonly lost: readonly BlockLayout[];
  readonly all: boolean;
}

function* rowsOf(branches: readonly Branch[], tree: Tree, depth: number): Generator<string[]> {
  const drawn = branches[0]?.block.level === 0 ? LEAVES_DRAWN : NODES_DRAWN;
  // Folding one alone would spare nothing.
  const limit = tree.all || branches.length <= drawn + 1 ? Infinity : drawn;
  let damagedLeft = DAMAGED_DRAWN;
  let folded: Branch[] = [];
  for (const [index, branch] of branches.entries()) {
    if (index >= limit && !(holdsDamage(branch) && damagedLeft-- > 0)) {
      folded.push(branch);
      continue;
    }
    if (folded.length > 0) yield [foldedText(folded, depth)];
    folded = [];
    yield rowOf(branch.block, tree, depth);
    yield* rowsOf(branch.below, tree, depth + 1);
  }
  if (folded.length > 0) yield [foldedText(folded, depth)];
}

const DAMAGED = 'does not verify';
const indent = (depth: number): string => '  '.repeat(depth);
const leafText = (leaves: number): string =>
  `${count(leaves)} more ${leaves === 1 ? 'leaf' : 'leaves'}`;

function foldedText(folded: readonly Branch[], depth: number): string {
  const isLeaf = folded[0]!.block.level === 0;
  const what = isLeaf ? leafText(folded.length) : `${count(folded.length)} more nodes`;
  const damaged = folded.filter(holdsDamage).length;
  const harm = damaged === 0 ? '' : `, of ${count(damaged)} of them something ${DAMAGED}`;
  const range = rangeText(folded[0]!.block.from, folded.at(-1)!.block.to);
  return `${indent(depth)}… ${what}, ${range}${harm}`;
}

const rangeText = (from: number, to: number): string =>
  to - from <= 1 ? count(from) : `${count(from)} – ${count(to - 1)}`;

function rowOf(block: BlockLayout, { name, lost }: Tree, depth: number): string[] {
  const { level, from, to, place, fill, shared, isDamaged } = block;
  const what = `${indent(depth)}${level === 0 ? 'leaf' : 'node'} ${rangeText(from, to)}`;
  // What stands in memory alone was changed by records behind the checkpoint.
  const where = place === 0 ? 'journal' : count(place);
  if (isDamaged) return [what, DAMAGED, '–', '–', where];
  const isVague = lost.some((one) => one.from < to && from < one.to);
  const sharing = level === 0 ? `${isVague ? '≥ ' : ''}${count(shared)}` : '–';
  return [what, holdsText(block, name), sharing, barOf(fill), where];
}

function holdsText({ level, entries, values }: BlockLayout, name: MapName): string {
  if (level > 0) return plural(entries, 'block');
  const chunks = plural(entries, 'chunk');
  return name === 'exceptions' ? `${chunks}, ${plural(values, 'value')}` : chunks;
}

function barOf(fill: number): string {
  const full = Math.min(BAR_LETTERS, Math.ceil(fill * BAR_LETTERS));
  const percent = `${Math.round(fill * 100)} %`.padStart(5);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_LETTERS - full)} ${percent}`;
}

/** @param first the number that the first letter is for */
export function mapLines(
  letters: string,
  first: number,
  noun: string,
  words: Words,
  { all, paint }: Drawing,
): string[] {
  if (letters.length === 0) return ['none was ever given out'];
  const each = all ? 1 : foldOf(letters.length);
  const drawn = each === 1 ? letters : folded(letters, each);
  const width = count(first + letters.length).length;
  const lines: string[] = [];
  for (let at = 0; at < drawn.length; at += LETTERS_A_LINE) {
    const number = count(first + at * each).padStart(width);
    lines.push(`${paint.dim(number)}  ${painted(drawn.slice(at, at + LETTERS_A_LINE), paint)}`);
  }
  const legend =
    each === 1 ? `each letter a ${noun}` : `each letter ${plural(each, noun)}, as most of them are`;
  return [...lines, paint.dim(legend), ...legendLines(letters, words)];
}

/** How many a letter stands for: a power of two, so that a picture of the same volume looks the same. */
function foldOf(letters: number): number {
  let each = 1;
  while (Math.ceil(letters / each) > LETTERS_A_LINE * LINES_DRAWN) each *= 2;
  return each;
}

function folded(letters: string, each: number): string {
  let all = '';
  for (let at = 0; at < letters.length; at += each) all += mostOf(letters.slice(at, at + each));
  return all;
}

function mostOf(letters: string): string {
  if (letters.includes('?')) return '?';
  return [...countsOf(letters)].reduce((most, next) => (next[1] > most[1] ? next : most))[0];
}

function countsOf(letters: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const letter of letters) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return counts;
}

function legendLines(letters: string, words: Words): string[] {
  const counts = countsOf(letters);
  return table(
    ['', '>', ''],
    Object.entries(words)
      .filter(([letter]) => counts.has(letter))
      .map(([letter, meaning]) => [letter, count(counts.get(letter)!), meaning]),
  ).slice(1);
}

const painted = (letters: string, { dim, red, yellow }: Paints): string =>
  letters.replace(/\.+/g, dim).replace(/q+/g, yellow).replace(/\?+/g, red);
