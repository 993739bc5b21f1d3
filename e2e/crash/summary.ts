/**
 * The file behind `--json`: written whole after every kill, so that a run that was interrupted has
 * told everything up to there and can be resumed.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { KillOutcome } from '../harness/campaign.ts';
import { rowsOf, type ReportRow } from '../harness/report.ts';

export interface Summary {
  readonly schema: 1;
  readonly seed: number;
  readonly browser: string;
  readonly subject: string;
  readonly kinds: readonly string[];
  readonly done: number;
  readonly rows: readonly ReportRow[];
  readonly failures: readonly {
    readonly number: number;
    readonly kind: string;
    readonly why: readonly string[];
  }[];
  readonly outcomes: readonly KillOutcome[];
}

export function summaryOf(
  facts: Pick<Summary, 'seed' | 'browser' | 'subject' | 'kinds'>,
  outcomes: readonly KillOutcome[],
): Summary {
  const failures = outcomes
    .filter((outcome) => outcome.failures.length > 0)
    .map(({ number, kind, failures: why }) => ({ number, kind, why }));
  const done = Math.max(0, ...outcomes.map(({ number }) => number + 1));
  return { schema: 1, ...facts, done, rows: rowsOf(outcomes), failures, outcomes };
}

export function writeSummary(path: string, summary: Summary): void {
  // A name of its own first: whoever reads meanwhile sees the last whole file.
  writeFileSync(`${path}.part`, `${JSON.stringify(summary, null, 1)}\n`);
  renameSync(`${path}.part`, path);
}

/** What an earlier run of the same seed left, or nothing. */
export function readOutcomes(path: string, seed: number): readonly KillOutcome[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const earlier = JSON.parse(text) as Summary;
  if (earlier.seed !== seed) throw new Error(`${path} is of seed ${earlier.seed}, not ${seed}`);
  return earlier.outcomes;
}
