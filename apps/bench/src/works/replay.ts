/** Every record there is, in order, each value looked at. One operation is one full replay. */
import { recordBatch } from '../records.ts';
import type { Work } from '../work.ts';

export function fullReplay(id: string, title: string, recordBytes: number, records: number): Work {
  const batchRecords = Math.max(1, Math.min(1000, Math.floor((1 << 20) / recordBytes)));
  const batches = Math.ceil(records / batchRecords);
  return {
    id,
    title,
    unit: 'record',
    unitsPerOperation: batches * batchRecords,
    recordBytes,
    depth: 1,
    segmentSizeBytes: 4 << 20,
    pool: 'cold',
    minOperations: 1,
    maxOperations: 1,
    async prepare(session) {
      const batch = recordBatch(recordBytes, batchRecords);
      for (let done = 0; done < batches; done++) {
        const outcome = session.appendBatch(batch);
        if (outcome !== undefined) await outcome;
      }
    },
    async block(session, operations, took) {
      for (let done = 0; done < operations; done++) {
        const start = performance.now();
        const { records: seen } = await session.replay();
        took(performance.now() - start);
        if (seen !== batches * batchRecords) {
          throw new Error(`replay gave ${seen} records instead of ${batches * batchRecords}`);
        }
      }
    },
  };
}
