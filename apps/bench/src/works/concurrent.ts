/**
 * Many appenders at once.
 *
 * - in lock-step: all issue together, all wait for all, again
 * - unsynchronised: each appender issues its next append in a task of its own after its last one
 *   ended, as handlers of a real page would; nobody waits for the others
 */
import { recordPool } from '../records.ts';
import type { Session } from '../subject.ts';
import type { Work, WorkFacts } from '../work.ts';
import { nextTask } from '../platform/tasks.ts';

type Shape = Pick<WorkFacts, 'extra'>;

export function appendersInLockStep(
  id: string,
  title: string,
  appenders: number,
  shape: Shape = {},
): Work {
  const recordBytes = 100;
  return {
    id,
    title,
    unit: 'append',
    unitsPerOperation: appenders,
    recordBytes,
    depth: appenders,
    segmentSizeBytes: 256 << 10,
    pool: 'cold',
    ...shape,
    minOperations: 4,
    async block(session, operations, took) {
      const pool = recordPool(recordBytes);
      const requests = pool.slice(0, appenders).map((record) => [record]);
      for (let done = 0; done < operations; done++) {
        const start = performance.now();
        if (session.together === undefined) {
          const outcomes = requests.map(([record]) => session.append(record!));
          await Promise.all(outcomes.filter((outcome) => outcome !== undefined));
        } else {
          const outcome = session.together(requests);
          if (outcome !== undefined) await outcome;
        }
        took(performance.now() - start);
      }
    },
  };
}

export function appendersUnsynchronised(
  id: string,
  title: string,
  appenders: number,
  shape: Shape = {},
): Work {
  const recordBytes = 100;
  return {
    id,
    title,
    unit: 'append',
    unitsPerOperation: 1,
    recordBytes,
    depth: appenders,
    segmentSizeBytes: 256 << 10,
    pool: 'cold',
    ...shape,
    minOperations: appenders * 4,
    async block(session, operations, took) {
      let left = operations;
      const appender = async (session: Session, first: number): Promise<void> => {
        const pool = recordPool(recordBytes);
        for (let at = first; left > 0; at++) {
          left--;
          const start = performance.now();
          const outcome = session.append(pool[at % pool.length]!);
          if (outcome !== undefined) await outcome;
          took(performance.now() - start);
          await nextTask();
        }
      };
      await Promise.all(Array.from({ length: appenders }, (_, at) => appender(session, at * 7)));
    },
  };
}
