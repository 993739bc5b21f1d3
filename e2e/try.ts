import { buildApp } from '/work/main/e2e/harness/app-build.ts';
import { PageServer } from '/work/main/e2e/harness/page-server.ts';
import { Chromium } from '/work/main/e2e/harness/chromium.ts';
import { CrashRun } from '/work/main/e2e/harness/crash-run.ts';
import { planOf, KINDS, KILLS_PER_STORE } from '/work/main/e2e/harness/plan.ts';
const seed = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 14), broken = process.argv[4];
const app = await buildApp(['varve','blank']);
const server = await PageServer.start({ folder: app.folder });
const run = new CrashRun({ seed, server, launch: (p) => Chromium.launch('/usr/bin/chromium', p), subject: 'varve', ...(broken ? { broken } : {}) });
try {
  await run.start(); console.log(run.version);
  for (let i = 0; i < n; i++) {
    if (i % KILLS_PER_STORE === 0) run.beginStore(`s${i}`);
    const t = Date.now();
    try {
    const r = await run.kill(planOf(seed, i, KINDS));
    console.log(i, r.plan.kind, r.plan.profile, JSON.stringify(r.plan.stop ?? r.plan.afterAcks), 'inflight', r.inFlight, 'parked', r.parkedAt, 'torn', r.tornBytes, JSON.stringify(r.verdict).slice(0, 400), r.records, Math.round(r.openMs), Date.now() - t);
    } catch (e) { console.log(i, 'FAILED', e); break; }
  }
} finally { await run.close(); await server.close(); app.remove(); }
