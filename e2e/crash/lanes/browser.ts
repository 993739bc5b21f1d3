/** The lane with real browsers and real kills. */
import { resolve } from 'node:path';
import { CONTROLS } from '../../broken/controls.ts';
import { firstOfStore, runCampaign, type KillOutcome } from '../../harness/campaign.ts';
import { KILLS_PER_STORE } from '../../harness/plan.ts';
import { rowsOf, tableOf } from '../../harness/report.ts';
import { Stage } from '../../harness/stage.ts';
import type { CrashOptions } from '../options.ts';
import { readOutcomes, summaryOf, writeSummary } from '../summary.ts';

export async function runBrowserLane(options: CrashOptions): Promise<number> {
  const { seed, browser, subject, broken, kinds, isolated } = options;
  // npm runs scripts in the package's folder; paths are the caller's.
  const here = process.env['INIT_CWD'] ?? process.cwd();
  const jsonPath = options.jsonPath === undefined ? undefined : resolve(here, options.jsonPath);
  const earlier = options.resume && jsonPath !== undefined ? readOutcomes(jsonPath, seed) : [];
  const from = firstOfStore(earlier.length > 0 ? earlier.at(-1)!.number + 1 : options.from);
  const outcomes = earlier.filter(({ number }) => number < from);
  const stage = await Stage.set({
    browser,
    isolated,
    pages: [subject],
    plugins: CONTROLS.find(({ name }) => name === broken)?.plugins ?? (() => []),
  });
  const startedMs = Date.now();
  let version: string = browser;
  const write = (): void => {
    if (jsonPath === undefined) return;
    writeSummary(jsonPath, summaryOf({ seed, browser: version, subject, kinds }, outcomes));
  };
  console.log(
    `seed ${seed}, ${browser}, ${subject}${broken === undefined ? '' : `, broken: ${broken}`}`,
  );
  try {
    const { server, launch } = stage;
    const kills = Math.max(0, options.kills - outcomes.length);
    const onKill = (outcome: KillOutcome): void => {
      outcomes.push(outcome);
      progress(outcome, outcomes, options.kills, startedMs);
      write();
    };
    const campaign = await runCampaign({
      seed,
      kinds,
      kills,
      from,
      server,
      launch,
      subject,
      ...(broken === undefined ? {} : { broken }),
      onKill,
    });
    version = campaign.browser;
    write();
  } finally {
    await stage.strike();
  }
  return conclude(options, outcomes, version);
}

function progress(
  outcome: KillOutcome,
  outcomes: readonly KillOutcome[],
  kills: number,
  startedMs: number,
): void {
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length;
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const line = `${outcomes.length}/${kills} kills, ${failed} failed, ${seconds} s, last: ${outcome.kind}`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line.padEnd(70)}`);
  else if (outcomes.length % 10 === 0 || outcome.failures.length > 0) console.log(line);
  if (outcome.failures.length === 0) return;
  console.log(`\nkill ${outcome.number} (${outcome.kind}) FAILED`);
  for (const failure of outcome.failures) console.log(`  ${failure}`);
}

function conclude(
  options: CrashOptions,
  outcomes: readonly KillOutcome[],
  version: string,
): number {
  const failed = outcomes.filter(({ failures }) => failures.length > 0);
  console.log(`\n${version}, seed ${options.seed}\n${tableOf(rowsOf(outcomes))}`);
  for (const { number, kind } of failed.slice(0, 5))
    console.log(`again: ${replayLine(options, number)}   # ${kind}`);
  return failed.length === 0 ? 0 : 1;
}

/** The command that plays a kill again: its store from the start. */
export function replayLine(
  { seed, browser, kinds, subject }: Pick<CrashOptions, 'seed' | 'browser' | 'kinds' | 'subject'>,
  number: number,
): string {
  const from = firstOfStore(number);
  return (
    `npm run crash -- --seed ${seed} --from ${from} --kills ${Math.min(KILLS_PER_STORE, number - from + 1)} ` +
    `--browser ${browser} --kinds ${kinds.join(',')} --subject ${subject}`
  );
}
