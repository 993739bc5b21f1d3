/**
 * Mutants: every small change of a kind that somebody could make by mistake, found in the syntax tree
 * of the sources that decide what survives.
 *
 * Always true: a mutant is one change of one file; equal sources and seeds give equal mutants.
 */
import { readFileSync } from 'node:fs';
import { SeededRandom, seedOf } from '@varve/files/simulated';
import { parseSync } from 'vite';
import type { PlantedBug } from '../planted/bug.ts';

/** Recovery, commit, rotation, superblocks: what a crash meets. */
export const MUTATED_FILES = [
  'beginning.ts',
  'commit-queue.ts',
  'group.ts',
  'history.ts',
  'io.ts',
  'journal.ts',
  'lookahead.ts',
  'open-journal.ts',
  'recovery-table.ts',
  'recovery.ts',
  'retention.ts',
  'rewrite.ts',
  'scanner.ts',
  'segment-table.ts',
  'slots.ts',
  'staging.ts',
  'store-life.ts',
  'superblock-pair.ts',
  'superblock.ts',
  'tail.ts',
  'unit.ts',
  'witness-table.ts',
] as const;

export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly operator: string;
  readonly before: string;
  readonly after: string;
  /** Offsets of `before`. */
  readonly start: number;
  readonly end: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const SWAPPED: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '&&': '||',
  '||': '&&',
};
const SWAPPED_CALLS: Readonly<Record<string, string>> = {
  'Math.max': 'Math.min',
  'Math.min': 'Math.max',
};

/** All mutants of a source. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const mutants: Mutant[] = [];
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} does not parse`);
  const text = ({ start, end }: Pick<Node, 'start' | 'end'>): string => source.slice(start, end);
  const add = (operator: string, node: Pick<Node, 'start' | 'end'>, after: string): void => {
    const { start, end } = node;
    const line = source.slice(0, start).split('\n').length;
    mutants.push({ file, line, operator, before: text(node), after, start, end });
  };
  const look = (node: Node): void => {
    // What a text says, and what is thrown, is no one's decision.
    if (node.type === 'ImportDeclaration' || node.type.startsWith('TS')) return;
    if (node.type === 'ThrowStatement') return;
    const test = fieldOf(node, 'test');
    if (test !== undefined && ['IfStatement', 'ConditionalExpression'].includes(node.type))
      add('negate condition', test, `!(${text(test)})`);
    if (node.type === 'BinaryExpression' || node.type === 'LogicalExpression') {
      const left = fieldOf(node, 'left')!;
      const right = fieldOf(node, 'right')!;
      const other = SWAPPED[String(node['operator'])];
      const operator = String(node['operator']);
      if (other !== undefined && !/^['"`]/.test(text(right)))
        add(`${operator} to ${other}`, node, `(${text(left)}) ${other} (${text(right)})`);
    }
    if (node.type === 'ExpressionStatement') {
      const { type } = fieldOf(node, 'expression')!;
      if (type === 'CallExpression') add('drop call', node, ';');
      if (type === 'AssignmentExpression' || type === 'UpdateExpression')
        add('drop assignment', node, ';');
    }
    // `AT.magic[1]` for `AT.magic[0]` breaks whatever it touches: such places are left out.
    if (node.type === 'MemberExpression' && node['computed'] === true) {
      look(fieldOf(node, 'object')!);
      return;
    }
    if (node.type === 'Literal' && typeof node['value'] === 'number')
      add('constant plus 1', node, `(${node['value']} + 1)`);
    if (node.type === 'CallExpression') {
      const callee = fieldOf(node, 'callee')!;
      const other = SWAPPED_CALLS[text(callee)];
      if (other !== undefined) add(`${text(callee)} to ${other}`, callee, other);
      const [first, second] = listOf(node, 'arguments');
      if (first !== undefined && second !== undefined && other === undefined) {
        const between = source.slice(first.end, second.start);
        const range = { start: first.start, end: second.end };
        add('swap arguments', range, `${text(second)}${between}${text(first)}`);
      }
    }
    const body = fieldOf(node, 'body');
    const isFunction = node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration';
    if (isFunction && body !== undefined && listOf(body, 'body').length > 0)
      add('early return', { start: body.start, end: body.start + 1 }, '{ return;');
    for (const child of childrenOf(node)) look(child);
  };
  if (!isNode(program)) throw new TypeError('the parser gave no program');
  look(program);
  return mutants;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function fieldOf(node: Node, name: string): Node | undefined {
  const value = node[name];
  return isNode(value) ? value : undefined;
}

function listOf(node: Node, name: string): Node[] {
  const value = node[name];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value): Node[] => {
    if (isNode(value)) return [value];
    return Array.isArray(value) ? value.filter(isNode) : [];
  });
}

const sourceOf = (file: string): string =>
  readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');

/** So many mutants of all files, by seed. */
export function chooseMutants(seed: number, count: number): Mutant[] {
  const all = MUTATED_FILES.flatMap((file) => mutantsOf(file, sourceOf(file)));
  const random = new SeededRandom(seedOf(seed, 'mutants'));
  for (let index = all.length - 1; index > 0; index--) {
    const other = random.below(index + 1);
    [all[index], all[other]] = [all[other]!, all[index]!];
  }
  return all.slice(0, count);
}

/** The mutant as what the bundler plants: the whole source, changed. */
export function asPlanted(mutant: Mutant): PlantedBug {
  const { file, start, end, after } = mutant;
  const source = sourceOf(file);
  const replace = source.slice(0, start) + after + source.slice(end);
  return { name: nameOf(mutant), file, find: source, replace };
}

export const nameOf = ({ file, line, operator, before }: Mutant): string =>
  `${file}:${line} ${operator}: ${before.replaceAll(/\s+/g, ' ').slice(0, 60)}`;
