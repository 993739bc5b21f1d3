/** Every work there is, in the order of the report. A new one is a file here and a line below. */
import type { Work } from '../work.ts';
import { appendsOneAtATime } from './appends.ts';
import { appendersInLockStep, appendersUnsynchronised } from './concurrent.ts';
import { bulkIngest } from './bulk.ts';
import { openAfterCrash } from './open.ts';
import { pointRead } from './point-read.ts';
import { fullReplay } from './replay.ts';

export const works: readonly Work[] = [
  appendsOneAtATime('append-100b', 'one durable append of 100 B at a time', 100),
  // Segments so small that even a quick run passes three rotations.
  appendsOneAtATime('tail-100b', 'the same over many rotations, for its tail', 100, {
    segmentSizeBytes: 64 << 10,
    minOperations: 250,
    callers: ['worker'],
  }),
  appendsOneAtATime('append-1k', 'one durable append of 1 KiB at a time', 1024),
  appendsOneAtATime('append-64k', 'one durable append of 64 KiB at a time', 64 << 10),
  appendersInLockStep('lockstep-64', '64 appenders of 100 B in lock-step', 64),
  appendersUnsynchronised('free-64', '64 appenders of 100 B, unsynchronised', 64),
  appendersInLockStep('lockstep-8', '8 appenders of 100 B in lock-step', 8, { extra: true }),
  appendersUnsynchronised('free-8', '8 appenders of 100 B, unsynchronised', 8, { extra: true }),
  bulkIngest({
    id: 'bulk-100b',
    title: '100,000 × 100 B in batches of 1,000, each awaited, space used again',
    recordBytes: 100,
    batchRecords: 1000,
    depth: 1,
    pool: 'warm',
  }),
  bulkIngest({
    id: 'bulk-100b-cold',
    title: '100,000 × 100 B in batches of 1,000, each awaited, growing file',
    recordBytes: 100,
    batchRecords: 1000,
    depth: 1,
    pool: 'cold',
  }),
  bulkIngest({
    id: 'bulk-100b-8',
    title: '100,000 × 100 B in batches of 1,000, 8 outstanding, space used again',
    recordBytes: 100,
    batchRecords: 1000,
    depth: 8,
    pool: 'warm',
    callers: ['worker', 'node'],
  }),
  bulkIngest({
    id: 'bulk-100b-16',
    title: '100,000 × 100 B in batches of 1,000, 16 outstanding, space used again',
    recordBytes: 100,
    batchRecords: 1000,
    depth: 16,
    pool: 'warm',
    callers: ['page'],
  }),
  bulkIngest({
    id: 'bulk-64k',
    title: '64 KiB records, one a batch, each awaited, space used again',
    recordBytes: 64 << 10,
    batchRecords: 1,
    depth: 1,
    pool: 'warm',
  }),
  {
    ...bulkIngest({
      id: 'growth-100b',
      title: '10 million × 100 B in batches of 1,000, 16 outstanding: what memory grows by',
      recordBytes: 100,
      batchRecords: 1000,
      depth: 16,
      pool: 'warm',
    }),
    subjects: ['varve-page', 'varve-node-store'],
    // Fifteen blocks of a full run are 10 million; a quick one does half of it.
    minOperations: 704,
    maxOperations: 704,
    watchesMemory: true,
  },
  pointRead('get-100b', 'one record of 100 B of 100,000, anywhere', 100, 100_000),
  fullReplay('replay-100b', 'full replay of 100,000 × 100 B', 100, 100_000),
  fullReplay('replay-4k', 'full replay of 8,192 × 4 KiB', 4096, 8192),
  openAfterCrash('open-16m', 'open after a crash, 16 MiB of history', 16),
  openAfterCrash('open-1g', 'open after a crash, 1 GiB of history', 1024),
];
