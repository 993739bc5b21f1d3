import { planOf } from './plan.ts';
import { simulate } from './simulation.ts';
const from = Number(process.argv[2] ?? 1),
  to = Number(process.argv[3] ?? 20),
  tabs = process.argv[4] ? Number(process.argv[4]) : undefined;
const t0 = performance.now();
const c0 = process.cpuUsage();
const fails = new Map<string, number>();
let bad = 0,
  virt = 0,
  recs = 0,
  acked = 0,
  failovers = 0;
const first = new Map<string, string>();
for (let seed = from; seed < to; seed++) {
  const { violations, history, records, virtualMs } = await simulate(planOf(seed, tabs));
  virt += virtualMs;
  recs += records;
  acked += history.appends.filter((f) => f.lsn !== undefined).length;
  failovers += history.leaders;
  for (const [k, n] of history.failures) fails.set(k, (fails.get(k) ?? 0) + n);
  if (violations.length) {
    bad++;
    for (const v of violations) {
      const k = v.replace(/\d+/g, '#').slice(0, 40);
      if (!first.has(k)) first.set(k, `${seed}: ${v}`);
    }
  }
}
console.log(
  ((performance.now() - t0) / (to - from)).toFixed(2),
  'ms/seed, cpu',
  (process.cpuUsage(c0).user / 1000 / (to - from)).toFixed(2),
  { bad, virt: Math.round(virt / (to - from)), recs, acked, failovers },
);
console.log(JSON.stringify(Object.fromEntries([...fails].sort((a, b) => b[1] - a[1]))));
console.log([...first.values()].slice(0, 40).join('\n'));
