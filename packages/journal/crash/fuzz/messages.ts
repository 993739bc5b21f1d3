/** What arrives between page and worker, and what a page says when it opens a store: any values. */
import { SubrecordReader, SubrecordWriter, readVarint, varintLength } from '@varve/bytes';
import type { SeededRandom } from '@varve/files/simulated';
import {
  completeRequest,
  fromWire,
  type GivenRequest,
  validateControlEnvelope,
  validateControlRequest,
  validateToEngine,
} from '@varve/protocol';
import { type FuzzTarget, hostile, refusable } from './target.ts';

const SMALL = 65_536;

/** Values that are wrong somewhere, or right by chance. */
function anything(random: SeededRandom, depth = 0): unknown {
  const simple: readonly unknown[] = [
    undefined,
    null,
    true,
    false,
    0,
    -1,
    1,
    65,
    2 ** 32,
    2 ** 53,
    Number.NaN,
    Infinity,
    0.5,
    '',
    's',
    'x'.repeat(101),
    '__proto__',
    'strict',
    'written',
    10n,
    Symbol.iterator,
    new Uint8Array(3),
    new Uint32Array([3]),
    new ArrayBuffer(8),
    new Date(Number.NaN),
    () => 1,
  ];
  const pick = random.below(simple.length + 3);
  if (pick < simple.length || depth > 2) return simple[pick % simple.length];
  if (pick === simple.length)
    return Array.from({ length: random.below(4) }, () => anything(random, depth + 1));
  if (pick === simple.length + 1) return Object.create(null);
  return { kind: anything(random, depth + 1), type: anything(random, depth + 1) };
}

type Fields = Record<string, unknown>;

/** Changes, takes away or adds some fields. */
function wrong(random: SeededRandom, good: Fields): Fields {
  const made: Fields = { ...good };
  for (let left = random.below(3); left > 0; left--) {
    const names = [...Object.keys(good), 'extra', '__proto__', 'constructor', 'stream'];
    const name = names[random.below(names.length)]!;
    if (random.below(4) === 0) delete made[name];
    else
      Object.defineProperty(made, name, {
        value: anything(random),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return made;
}

const FRAMES = (): ArrayBuffer => new ArrayBuffer(16);
const DATA: readonly (() => Fields)[] = [
  () => ({ kind: 'append', id: 1, buffer: FRAMES(), length: 16, groups: new Uint32Array([8, 8]) }),
  () => ({ kind: 'append', id: 1, buffer: FRAMES(), length: 4, durability: 'strict', expect: 4 }),
  () => ({ kind: 'read', id: 2, reader: 3, after: 4, before: 9, maxBytes: 100, wait: true }),
  () => ({ kind: 'unit', id: 5, lsn: 6, at: 7, maxBytes: 8 }),
  () => ({ kind: 'release', reader: 9 }),
];
const CONTROL: readonly (() => Fields)[] = [
  () => ({ method: 'open', args: ['s', {}] }),
  () => ({ method: 'checkpoint', args: [new Uint8Array(1), 1] }),
  () => ({ method: 'write', args: [1, new Uint8Array(1)] }),
  () => ({ method: 'openSource', args: ['export'] }),
  () => ({ method: 'status', args: [] }),
];

const oneOf = <T>(random: SeededRandom, choices: readonly T[]): T =>
  choices[random.below(choices.length)]!;

function messages(): FuzzTarget {
  return {
    name: 'messages from a page',
    share: 60,
    allocatesMax: SMALL,
    once(random) {
      validateToEngine(
        random.below(8) === 0 ? anything(random) : wrong(random, oneOf(random, DATA)()),
      );
      const request = wrong(random, oneOf(random, CONTROL)());
      if (Array.isArray(request['args']) && random.below(3) === 0)
        request['args'][random.below(2)] = anything(random);
      validateControlRequest(random.below(8) === 0 ? anything(random) : request);
      const envelope = { id: 'a', type: 'APPLY', path: ['call'], argumentList: [{ type: 'RAW' }] };
      validateControlEnvelope(random.below(8) === 0 ? anything(random) : wrong(random, envelope));
    },
  };
}

function openRequests(): FuzzTarget {
  const good = { durability: 'strict', keep: { bytes: 1 }, segmentSizeBytes: 4_096, maxBytes: 0 };
  return {
    name: 'requests to open',
    share: 30,
    allocatesMax: SMALL,
    once(random) {
      refusable(() => completeRequest(wrong(random, good) as GivenRequest));
    },
  };
}

function wireErrors(): FuzzTarget {
  return {
    name: 'errors from a worker',
    share: 20,
    allocatesMax: SMALL,
    once(random) {
      const facts = { from: 1 };
      const cause = { name: 'Error', message: 'm' };
      const good = { code: 'CORRUPT', name: 'VarveError', message: 'CORRUPT: x', facts, cause };
      fromWire(wrong(random, good));
    },
  };
}

function subrecords(): FuzzTarget {
  const writer = new SubrecordWriter();
  writer.leaf(1, new Uint8Array(5));
  writer.push(2);
  writer.leaf(3, new Uint8Array(9));
  writer.push(4, { length: 'unknown' });
  writer.leaf(5, new Uint8Array(1));
  writer.pop();
  writer.pop();
  writer.push(6, { length: 'unknown' });
  writer.pop();
  const good = writer.finish();
  return {
    name: 'varints and subrecords',
    share: 100,
    allocatesMax: SMALL,
    once(random) {
      const bytes = hostile(random, good);
      const value = readVarint(bytes, 0, bytes.length);
      if (value >= 0 && varintLength(value) > bytes.length)
        throw new Error('a varint beyond its end');
      const reader = new SubrecordReader(bytes);
      for (let steps = 0; ; steps++) {
        if (steps > 4 * bytes.length + 16) throw new Error('subrecords without end');
        const step = reader.next();
        if (step === 'malformed') return;
        if (step === 'leaf' && reader.body.length > bytes.length)
          throw new Error('a leaf too long');
        if (step === 'group' && random.below(4) > 0 && !reader.enter()) return;
        if (step !== 'end') continue;
        if (reader.depth === 0 || reader.leave() === 'malformed') return;
      }
    },
  };
}

export const messageTargets = (): FuzzTarget[] => [
  messages(),
  openRequests(),
  wireErrors(),
  subrecords(),
];
