/** Bars of small durable appends. */
import type { Bar, Find } from './bar.ts';
import { faster, ratioToRaw, slower, stepUp } from './measures.ts';

/** What an append of 100 B takes on disk, about: enough to count rotations by. */
const APPEND_BYTES = 160;

/** Undefined unless the run was long enough to pass three rotations. */
function overRotations(find: Find, value: (p50Us: number, p99Us: number, maxUs: number) => number) {
  const result = find('varve-worker', 'tail-100b');
  if (result === undefined) return undefined;
  if (result.storedUnits * APPEND_BYTES < 3 * (64 << 10)) return undefined;
  return value(result.p50Us, result.p99Us, result.maxUs);
}

export const appendBars: readonly Bar[] = [
  {
    work: 'one durable 100 B append at a time, worker',
    bar: 'at most 1.15 × raw write + flush',
    atMost: 1.15,
    value: (find) => ratioToRaw(find('varve-worker', 'append-100b')),
  },
  {
    work: 'one durable 100 B append at a time, worker',
    bar: 'at most 6 µs on a null disk',
    atMost: 6,
    value: (find) => find('varve-null', 'append-100b')?.medianUs,
  },
  {
    work: 'one durable 100 B append at a time, page',
    bar: 'by message at most 1.15 × raw behind a bare postMessage',
    atMost: 1.15,
    value: (find) => ratioToRaw(find('varve-page', 'append-100b')),
  },
  {
    work: 'one durable 100 B append at a time, page',
    bar: 'by ring at most 0.95 × by message',
    atMost: 0.95,
    value: (find) => slower(find, 'append-100b', 'varve-ring', 'varve-page'),
  },
  {
    work: 'one relaxed 100 B append at a time, page',
    bar: 'by ring at most 0.85 × by message',
    atMost: 0.85,
    value: (find) => slower(find, 'append-100b', 'varve-ring-relaxed', 'varve-page-relaxed'),
  },
  {
    work: 'its tail, over at least 3 rotations, worker',
    bar: 'p99 at most 2 × p50',
    atMost: 2,
    value: (find) => overRotations(find, (p50Us, p99Us) => p99Us / p50Us),
  },
  {
    work: 'its tail, over at least 3 rotations, worker',
    bar: 'max at most 50 ms',
    atMost: 50,
    value: (find) => overRotations(find, (_p50Us, _p99Us, maxUs) => maxUs / 1000),
  },
  {
    work: '64 appenders, page',
    bar: 'in lock-step at least 40 × one at a time',
    atLeast: 40,
    value: (find) => stepUp(find('varve-page', 'lockstep-64'), find('varve-page', 'append-100b')),
  },
  {
    work: '64 appenders, page',
    bar: 'unsynchronised at least 15 × one at a time',
    atLeast: 15,
    value: (find) => stepUp(find('varve-page', 'free-64'), find('varve-page', 'append-100b')),
  },
  {
    work: 'against IndexedDB strict, page',
    bar: 'one at a time at least 1.8 ×',
    atLeast: 1.8,
    value: (find) => faster(find, 'append-100b', 'varve-page', 'idb-strict'),
  },
  {
    work: 'against IndexedDB strict, page',
    bar: '64 outstanding at least 50 ×',
    atLeast: 50,
    value: (find) => faster(find, 'lockstep-64', 'varve-page', 'idb-strict'),
  },
];
