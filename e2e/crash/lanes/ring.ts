/**
 * The ring in shared memory, in Node: two real threads for N operations, a scribbling producer for a
 * tenth of it, and the planted bugs, each of which must be noticed.
 */
import { writeFileSync } from 'node:fs';
import { PLANTED_BUGS, runThreads, threadScript } from '@varve/fifo/crash';
import { laneArguments } from './arguments.ts';

/** Ends what a planted bug lets hang. */
const PLANTED_LIMITS = { sleepMs: 4000, ringMs: 30_000 };
const PLANTED_OPERATIONS = 3_000_000;

/** @throws UsageError */
export async function runRingLane(args: readonly string[]): Promise<number> {
  const { seed, amount, json } = laneArguments(args, 'ring');
  const operations = amount || 10_000_000;
  const rows: object[] = [];
  const script = await threadScript();
  let failed = 0;
  try {
    for (const kind of ['work', 'scribble'] as const) {
      const startMs = performance.now();
      const asked = kind === 'work' ? operations : Math.ceil(operations / 10);
      const outcome = await runThreads(script.path, { seed, operations: asked, kind });
      const seconds = (performance.now() - startMs) / 1000;
      failed += outcome.wrong.length;
      rows.push({ kind, ...outcome, seconds });
      console.log(
        `${outcome.wrong.length === 0 ? '✓' : '✗'} ${kind}: ${outcome.operations} operations in ` +
          `${seconds.toFixed(0)} s, ${outcome.stalls} stalls, ${outcome.wakeUps} wake-ups, ` +
          `${outcome.noticed} broken rings noticed`,
      );
      for (const wrong of outcome.wrong) console.log(`  ${wrong}`);
    }
  } finally {
    script.remove();
  }
  for (const bug of PLANTED_BUGS) {
    const planted = await threadScript(bug);
    try {
      const run = { seed, operations: PLANTED_OPERATIONS, kind: bug.kind };
      const { wrong } = await runThreads(planted.path, run, PLANTED_LIMITS);
      const caught = wrong.length > 0;
      if (!caught) failed++;
      rows.push({ planted: bug.name, caught });
      console.log(`${caught ? '✓ caught' : '✗ NOT CAUGHT'}: ${bug.name}`);
    } finally {
      planted.remove();
    }
  }
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ schema: 1, seed, rows }, null, 1)}\n`);
  }
  return failed === 0 ? 0 : 1;
}
