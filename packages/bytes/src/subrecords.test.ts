import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  SUBRECORD_DEPTH_MAX,
  SubrecordReader,
  SubrecordWriter,
  type SubrecordStep,
} from './subrecords.ts';

type Tree =
  | { type: number; version: number; bytes: number[] }
  | { type: number; version: number; unknown: boolean; children: Tree[] };

function writeTree(writer: SubrecordWriter, tree: Tree): void {
  const { version } = tree;
  if ('bytes' in tree) {
    writer.leaf(tree.type, Uint8Array.from(tree.bytes), { version });
    return;
  }
  writer.push(tree.type, { version, length: tree.unknown ? 'unknown' : 'patched' });
  for (const child of tree.children) writeTree(writer, child);
  writer.pop();
}

function readTrees(reader: SubrecordReader): (Omit<Tree, 'unknown'> & object)[] | 'malformed' {
  const trees: (Omit<Tree, 'unknown'> & object)[] = [];
  for (;;) {
    const step = reader.next();
    if (step === 'end') return trees;
    if (step === 'malformed') return step;
    const { type, version } = reader;
    if (step === 'leaf') {
      trees.push({ type, version, bytes: [...reader.body] } as never);
      continue;
    }
    if (!reader.enter()) return 'malformed';
    const children = readTrees(reader);
    if (children === 'malformed' || reader.leave() === 'malformed') return 'malformed';
    trees.push({ type, version, children } as never);
  }
}

const forget = (tree: Tree): unknown =>
  'bytes' in tree
    ? tree
    : { type: tree.type, version: tree.version, children: tree.children.map(forget) };

const trees = fc.letrec<{ tree: Tree; leaf: Tree; group: Tree }>((tie) => ({
  leaf: fc.record({
    type: fc.nat(0xfffe),
    version: fc.nat(255),
    bytes: fc.array(fc.nat(255), { maxLength: 20 }),
  }),
  group: fc.record({
    type: fc.nat(0xfffe),
    version: fc.nat(255),
    unknown: fc.boolean(),
    children: fc.array(tie('tree'), { maxLength: 4 }),
  }),
  tree: fc.oneof({ maxDepth: 6, withCrossShrink: true }, tie('leaf'), tie('group')),
}));
const forest = fc.array(trees.tree, { maxLength: 5 });

function written(list: readonly Tree[]): Uint8Array {
  const writer = new SubrecordWriter();
  for (const tree of list) writeTree(writer, tree);
  return writer.finish();
}

describe('round trip', () => {
  test('any nesting comes back, whatever the form of its lengths', () => {
    fc.assert(
      fc.property(forest, (list) => {
        const bytes = written(list);
        expect(bytes.length % 8).toBe(0);
        expect(readTrees(new SubrecordReader(bytes))).toEqual(list.map(forget));
      }),
    );
  });

  test('a reader that knows no type at all skips every one and meets the same top level', () => {
    fc.assert(
      fc.property(forest, (list) => {
        const reader = new SubrecordReader(written(list));
        for (const tree of list) {
          expect(reader.next()).toBe('bytes' in tree ? 'leaf' : 'group');
          expect([reader.type, reader.version]).toEqual([tree.type, tree.version]);
        }
        expect(reader.next()).toBe('end');
      }),
    );
  });

  test('leaving a group halfway goes on after it', () => {
    for (const unknown of [true, false]) {
      const inner: Tree = { type: 3, version: 0, unknown: true, children: [] };
      const leaf: Tree = { type: 4, version: 0, bytes: [1] };
      const group: Tree = { type: 2, version: 0, unknown, children: [leaf, inner, inner, leaf] };
      const reader = new SubrecordReader(written([group, { type: 9, version: 1, bytes: [7] }]));
      for (let before = 0; before <= 4; before++) {
        const again = new SubrecordReader(written([group, leaf]));
        again.next();
        expect(again.enter()).toBe(true);
        for (let step = 0; step < before; step++) again.next();
        expect(again.leave()).toBe('end');
        expect([again.next(), again.type, again.next()]).toEqual(['leaf', 4, 'end']);
      }
      expect([reader.next(), reader.next(), reader.type, reader.version]).toEqual([
        'group',
        'leaf',
        9,
        1,
      ]);
    }
  });

  test('bodies begin at multiples of 8', () => {
    const writer = new SubrecordWriter();
    writer.push(1);
    for (const length of [0, 1, 7, 8, 9]) writer.leaf(2, new Uint8Array(length).fill(1));
    writer.pop();
    const bytes = writer.finish();
    const reader = new SubrecordReader(bytes);
    reader.next();
    reader.enter();
    while (reader.next() === 'leaf') expect(reader.body.byteOffset % 8).toBe(bytes.byteOffset % 8);
  });

  test('the bytes are as drawn', () => {
    const writer = new SubrecordWriter();
    writer.push(0x0102, { version: 3, length: 'unknown' });
    writer.leaf(5, new Uint8Array([0xaa]));
    writer.pop();
    expect([...writer.finish()]).toEqual([
      0x02, 0x01, 3, 1, 0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0, 1, 0, 0, 0, 0xaa, 0, 0, 0, 0, 0, 0, 0,
      0x02, 0x01, 0, 2, 0, 0, 0, 0,
    ]);
  });

  test('a slice of other bytes', () => {
    const inner = written([{ type: 1, version: 0, bytes: [1, 2] }]);
    const around = new Uint8Array(inner.length + 6).fill(0xff);
    around.set(inner, 3);
    const reader = new SubrecordReader(around, 3, 3 + inner.length);
    expect([reader.next(), ...reader.body, reader.next()]).toEqual(['leaf', 1, 2, 'end']);
  });
});

describe('streaming', () => {
  test('drained pieces, taken at any time, make the same bytes', () => {
    fc.assert(
      fc.property(forest, fc.array(fc.boolean()), (list, drains) => {
        const writer = new SubrecordWriter();
        const pieces: Uint8Array[] = [];
        let turn = 0;
        const step = (tree: Tree): void => {
          if (drains[turn++] === true) pieces.push(writer.drain());
          if ('bytes' in tree) return writeTree(writer, tree);
          const { version } = tree;
          writer.push(tree.type, { version, length: tree.unknown ? 'unknown' : 'patched' });
          for (const child of tree.children) step(child);
          writer.pop();
        };
        for (const tree of list) step(tree);
        const total = writer.length;
        pieces.push(writer.finish());
        const joined = pieces.flatMap((piece) => [...piece]);
        expect(joined).toEqual([...written(list)]);
        expect(total).toBe(joined.length);
      }),
    );
  });

  test('with only unknown lengths nothing is held back', () => {
    const writer = new SubrecordWriter();
    writer.push(1, { length: 'unknown' });
    writer.leaf(2, new Uint8Array(100));
    expect(writer.drain().length).toBe(8 + 8 + 104);
    writer.push(3);
    writer.leaf(2, new Uint8Array(8));
    expect(writer.drain().length).toBe(0);
    writer.pop();
    expect(writer.drain().length).toBe(24);
  });
});

describe('misuse by the program throws', () => {
  test.each<[string, (writer: SubrecordWriter) => void]>([
    ['pop without push', (writer) => writer.pop()],
    ['finish inside a group', (writer) => (writer.push(1), void writer.finish())],
    ['the reserved type', (writer) => writer.push(0xffff)],
    ['a fractional type', (writer) => writer.leaf(1.5, new Uint8Array())],
    ['a version above 255', (writer) => writer.push(1, { version: 256 })],
    [
      'nesting without end',
      (writer) => {
        for (let level = 0; level <= SUBRECORD_DEPTH_MAX; level++) writer.push(1);
      },
    ],
  ])('%s', (_, misuse) => {
    expect(() => misuse(new SubrecordWriter())).toThrow(RangeError);
  });

  test('enter where there is no group to enter is false, leave at the top is harmless', () => {
    const reader = new SubrecordReader(written([{ type: 1, version: 0, bytes: [1] }]));
    expect(reader.enter()).toBe(false);
    expect(reader.leave()).toBe('end');
    expect([reader.next(), reader.enter(), reader.next(), reader.enter()]).toEqual([
      'leaf',
      false,
      'end',
      false,
    ]);
  });
});

describe('hostile bytes are malformed, never an exception nor a loop', () => {
  const group = (length: number, type = 1): number[] => [type, 0, 0, 1, ...le32(length)];
  const leaf = (length: number): number[] => [2, 0, 0, 0, ...le32(length)];
  const end = (type = 1): number[] => [type, 0, 0, 2, 0, 0, 0, 0];
  const le32 = (value: number): number[] =>
    [value, value >>> 8, value >>> 16, value >>> 24].map((b) => b & 255);

  test.each<[string, number[]]>([
    ['half a header', [1, 0, 0, 1]],
    ['a leaf longer than all', leaf(9)],
    ['a leaf without its padding', [...leaf(1), 0]],
    ['a leaf of unknown length', leaf(0xffff_ffff)],
    ['a leaf of almost 4 GiB', leaf(0xffff_fffe)],
    ['a group longer than all', group(16)],
    ['a group of an odd length', [...group(4), 0, 0, 0, 0]],
    ['a child longer than its group', [...group(8), ...leaf(8), 0, 0, 0, 0, 0, 0, 0, 0]],
    ['an end marker at the top', end()],
    ['an end marker in a group of known length', [...group(8), ...end()]],
    ['a group without its end marker', group(0xffff_ffff)],
    ['an end marker of another type', [...group(0xffff_ffff), ...end(7)]],
    ['an end marker behind the group around it', [...group(8), ...group(0xffff_ffff), ...end()]],
    ['an end marker with a length', [...group(0xffff_ffff), 1, 0, 0, 2, 8, 0, 0, 0]],
    ['an unknown kind', [1, 0, 0, 3, 0, 0, 0, 0]],
    ['the reserved type', [0xff, 0xff, 0, 0, 0, 0, 0, 0]],
    ['ten thousand open groups', Array.from({ length: 10_000 }, () => group(0xffff_ffff)).flat()],
  ])('%s', (_, bytes) => {
    expect(readTrees(new SubrecordReader(Uint8Array.from(bytes)))).toBe('malformed');
    const skipping = new SubrecordReader(Uint8Array.from(bytes));
    const steps: SubrecordStep[] = [];
    while (steps.at(-1) !== 'end' && steps.at(-1) !== 'malformed') steps.push(skipping.next());
    if (steps.at(-1) === 'malformed') {
      expect([skipping.next(), skipping.leave(), skipping.enter()]).toEqual([
        'malformed',
        'malformed',
        false,
      ]);
      expect(skipping.body.length).toBe(0);
    }
  });

  test('random walks over damaged bytes end within as many steps as there are headers', () => {
    const walk = fc.array(fc.constantFrom('next', 'enter', 'leave'), {
      minLength: 1,
      maxLength: 60,
    });
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(
        forest,
        damage,
        walk,
        fc.uint8Array({ maxLength: 64 }),
        (list, edits, moves, tail) => {
          const bytes = Uint8Array.from([...written(list), ...tail]);
          for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          const reader = new SubrecordReader(bytes);
          for (const move of moves) {
            reader[move as 'next' | 'enter' | 'leave']();
            expect(reader.body.length).toBeLessThanOrEqual(bytes.length);
          }
          let budget = bytes.length / 8 + SUBRECORD_DEPTH_MAX + 2;
          for (;;) {
            const step = reader.next();
            expect(budget--).toBeGreaterThan(0);
            if (step === 'malformed' || (step === 'end' && reader.depth === 0)) break;
            if (step === 'end') reader.leave();
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
