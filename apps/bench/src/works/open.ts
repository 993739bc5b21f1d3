/** Opening again after the store was let go of as a crash does it, with that much history. */
import { recordBatch } from '../records.ts';
import type { Work } from '../work.ts';

const RECORD_BYTES = 4096;
const BATCH_RECORDS = 64;

export function openAfterCrash(id: string, title: string, historyMiB: number): Work {
  return {
    id,
    title,
    unit: 'open',
    unitsPerOperation: 1,
    recordBytes: RECORD_BYTES,
    depth: 1,
    segmentSizeBytes: 4 << 20,
    pool: 'cold',
    needsReopen: true,
    minOperations: 1,
    maxOperations: 1,
    async prepare(session) {
      const batch = recordBatch(RECORD_BYTES, BATCH_RECORDS);
      const batches = (historyMiB << 20) / (RECORD_BYTES * BATCH_RECORDS);
      for (let done = 0; done < batches; done += 8) {
        await Promise.all(Array.from({ length: 8 }, async () => session.appendBatch(batch)));
      }
    },
    async block(session, operations, took) {
      for (let done = 0; done < operations; done++) {
        // One append, so that each opening finds a tail that no clean close vouches for.
        await session.append(recordBatch(RECORD_BYTES, 1)[0]!);
        const start = performance.now();
        await session.reopen!();
        took(performance.now() - start);
      }
    },
  };
}
