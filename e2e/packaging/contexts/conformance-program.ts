/** The conformance suite of the file port over the folder of this process, under no test framework. */
import { conformanceCases } from '@varve/files/conformance';
import { createNodeHost } from '@varve/files/node';

// The host's own timers keep no process alive.
setInterval(() => undefined, 1000);
const host = createNodeHost('./conformance');
const failures: string[] = [];
const cases = conformanceCases(() => host);
for (const { name, run } of cases) {
  await run().catch((error: unknown) => failures.push(`${name}: ${String(error)}`));
}
console.log(JSON.stringify({ cases: cases.length, failures }));
// Not by falling off the end: a case may leave a timer behind.
process.exit(failures.length === 0 ? 0 : 1);
