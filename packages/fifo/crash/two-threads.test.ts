import { afterAll, describe, expect, test } from 'vitest';
import { threadScript } from './bundle.ts';
import { PLANTED_BUGS } from './planted.ts';
import { runThreads } from './two-threads.ts';

/** A slice; `npm run crash -- --ring N` does more. */
const OPERATIONS = 300_000;
/** Ends what a planted bug lets hang; far above what a whole run takes. */
const PLANTED_LIMITS = { sleepMs: 2000, ringMs: 20_000 };

const script = threadScript();
afterAll(async () => (await script).remove());

describe('two threads over one ring', () => {
  test('every record arrives once, whole and in order, whatever the interleaving', async () => {
    const seed = Date.now() % 2 ** 31;
    const { wrong, ...done } = await runThreads((await script).path, {
      seed,
      operations: OPERATIONS,
      kind: 'work',
    });
    expect(wrong).toEqual([]);
    expect(done.operations).toBeGreaterThanOrEqual(OPERATIONS);
    expect(done.stalls).toBeGreaterThan(0);
    expect(done.wakeUps).toBeLessThan(done.operations);
  });

  test('a producer that scribbles all over the memory gives typed errors: no crash, no hang', async () => {
    const seed = Date.now() % 2 ** 31;
    const run = { seed, operations: OPERATIONS / 30, kind: 'scribble' } as const;
    const { wrong, noticed } = await runThreads((await script).path, run);
    expect(wrong).toEqual([]);
    expect(noticed).toBeGreaterThan(0);
  });
});

describe('it notices', () => {
  test.each(PLANTED_BUGS)('$name', async (bug) => {
    const planted = await threadScript(bug);
    try {
      const run = { seed: 7, operations: 10 * OPERATIONS, kind: bug.kind };
      const { wrong } = await runThreads(planted.path, run, PLANTED_LIMITS);
      expect(wrong).not.toEqual([]);
    } finally {
      planted.remove();
    }
  });
});
