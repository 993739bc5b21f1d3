/** One durable append at a time: the next is issued when the last one has ended. */
import { recordPool } from '../records.ts';
import type { Caller } from '../subject.ts';
import type { Work } from '../work.ts';

interface AppendShape {
  readonly segmentSizeBytes?: number;
  readonly minOperations?: number;
  readonly callers?: readonly Caller[];
}

export function appendsOneAtATime(
  id: string,
  title: string,
  recordBytes: number,
  shape: AppendShape = {},
): Work {
  return {
    id,
    title,
    unit: 'append',
    unitsPerOperation: 1,
    recordBytes,
    depth: 1,
    // The bars speak of 100 B.
    extra: recordBytes !== 100,
    // Small enough that a run of some thousand appends passes several rotations.
    segmentSizeBytes: recordBytes > 4096 ? 4 << 20 : 256 << 10,
    pool: 'cold',
    minOperations: 20,
    ...shape,
    async block(session, operations, took) {
      const pool = recordPool(recordBytes);
      for (let done = 0; done < operations; done++) {
        const start = performance.now();
        const outcome = session.append(pool[done % pool.length]!);
        if (outcome !== undefined) await outcome;
        took(performance.now() - start);
      }
    },
  };
}
