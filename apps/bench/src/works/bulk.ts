/**
 * Bulk ingest in atomic batches: each awaited, or several outstanding; into a file that grows, or
 * over history that is no longer kept, as in a raw file that begins again at its end.
 *
 * With several outstanding a subject that offers `together` gets them at once: for a raw file that
 * is one flush for all of them, the best there can be.
 */
import { recordBatch } from '../records.ts';
import type { Caller } from '../subject.ts';
import type { Work } from '../work.ts';

interface BulkShape {
  readonly id: string;
  readonly title: string;
  readonly recordBytes: number;
  readonly batchRecords: number;
  readonly depth: number;
  readonly pool: 'cold' | 'warm';
  readonly callers?: readonly Caller[];
}

/** What stays of the history when the pool is warm. Twice as much is written before. */
const KEEP_BYTES = 16 << 20;

export function bulkIngest(shape: BulkShape): Work {
  const { id, title, recordBytes, batchRecords, depth, pool, callers } = shape;
  return {
    id,
    title,
    unit: 'record',
    unitsPerOperation: batchRecords,
    recordBytes,
    depth,
    ...(callers === undefined ? {} : { callers }),
    segmentSizeBytes: 4 << 20,
    pool,
    ...(pool === 'warm' ? { keepBytes: KEEP_BYTES } : {}),
    minOperations: 2 * depth,
    // Fifteen blocks: 1 million × 100 B, or 10,000 × 64 KiB.
    fullOperations: batchRecords === 1 ? 672 : 80,
    // 100,000 records of 100 B: a block never outgrows the raw file it is compared with.
    maxOperations: 100,
    async fill(session) {
      if (pool === 'cold') return;
      const batch = recordBatch(recordBytes, batchRecords);
      for (let bytes = 0; bytes < 2 * KEEP_BYTES; bytes += recordBytes * batchRecords) {
        await session.appendBatch(batch);
      }
    },
    async block(session, operations, took) {
      const batch = recordBatch(recordBytes, batchRecords);
      if (depth === 1) {
        for (let done = 0; done < operations; done++) {
          const start = performance.now();
          const outcome = session.appendBatch(batch);
          if (outcome !== undefined) await outcome;
          took(performance.now() - start);
        }
        return;
      }
      if (session.together !== undefined) {
        const batches = Array.from({ length: depth }, () => batch);
        for (let done = 0; done < operations; done += depth) {
          const now = Math.min(depth, operations - done);
          const start = performance.now();
          const outcome = session.together(now === depth ? batches : batches.slice(0, now));
          if (outcome !== undefined) await outcome;
          const together = performance.now() - start;
          for (let each = 0; each < now; each++) took(together);
        }
        return;
      }
      let left = operations;
      const lane = async (): Promise<void> => {
        while (left > 0) {
          left--;
          const start = performance.now();
          const outcome = session.appendBatch(batch);
          if (outcome !== undefined) await outcome;
          took(performance.now() - start);
        }
      };
      await Promise.all(Array.from({ length: depth }, lane));
    },
  };
}
