/** One record at a time, anywhere in the history, its value looked at. */
import { recordBatch } from '../records.ts';
import type { Work } from '../work.ts';

const BATCH_RECORDS = 1000;

export function pointRead(id: string, title: string, recordBytes: number, records: number): Work {
  return {
    id,
    title,
    unit: 'read',
    unitsPerOperation: 1,
    recordBytes,
    depth: 1,
    segmentSizeBytes: 4 << 20,
    pool: 'cold',
    needsGet: true,
    extra: true,
    minOperations: 20,
    async prepare(session) {
      const batch = recordBatch(recordBytes, BATCH_RECORDS);
      for (let done = 0; done < records; done += BATCH_RECORDS) {
        const outcome = session.appendBatch(batch);
        if (outcome !== undefined) await outcome;
      }
    },
    async block(session, operations, took) {
      const batch = recordBatch(recordBytes, BATCH_RECORDS);
      for (let done = 0, at = 7; done < operations; done++) {
        at = (at + 7919) % records;
        const start = performance.now();
        const found = session.get!(at);
        const first = typeof found === 'number' ? found : await found;
        took(performance.now() - start);
        // A bare file holds bytes of no record: it is only as long.
        if (session.holdsNoRecords !== true && first !== batch[at % BATCH_RECORDS]![0]) {
          throw new Error(`record ${at} begins with ${first}`);
        }
      }
    },
  };
}
