/**
 * What a storm's ledger says, held against what the store holds after the crash.
 *
 * Passed means, for every appender: all it was told was durable is there, nothing is there that it
 * never issued, its records stand in the order it issued them, and every byte is right.
 */
import type { Log, RecoveryReport } from 'varve';
import { total, type LedgerPage, type StormEnd } from './ledger.ts';
import { payloadOf, StormType, type StormRecord } from './storm.ts';

/** What became of the last append of one appender, which was in flight when the crash came. */
export type InFlight = 'none' | 'found' | 'absent';

export interface Verdict {
  readonly end: StormEnd;
  readonly issued: number;
  readonly acknowledged: number;
  readonly recovered: number;
  /** Acknowledged records that are not there. */
  readonly lost: number;
  /** Records that are there though nobody issued them. */
  readonly strangers: number;
  readonly outOfOrder: number;
  readonly wrongBytes: number;
  readonly inFlight: readonly InFlight[];
  readonly passed: boolean;
  readonly checkedInMs: number;
  readonly openedInMs: number;
  readonly recovery: RecoveryReport;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

export async function judge(
  log: Pick<Log<StormRecord>, 'read' | 'status'>,
  page: LedgerPage,
  openedInMs: number,
): Promise<Verdict> {
  const startMs = performance.now();
  const { run, afterLsn, issued, acknowledged, end } = page;
  const seen = issued.map(() => 0);
  let recovered = 0;
  let strangers = 0;
  let outOfOrder = 0;
  let wrongBytes = 0;
  for await (const { value } of log.read({ after: afterLsn, type: StormType })) {
    if (value.run !== run) continue;
    recovered += 1;
    const last = seen[value.appender];
    if (last === undefined || value.sequence > issued[value.appender]!) {
      strangers += 1;
      continue;
    }
    if (value.sequence !== last + 1) outOfOrder += 1;
    if (!sameBytes(value.payload, payloadOf(value.appender, value.sequence))) wrongBytes += 1;
    seen[value.appender] = value.sequence;
  }
  const lost = acknowledged.reduce(
    (sum, told, appender) => sum + Math.max(0, told - seen[appender]!),
    0,
  );
  const inFlight = issued.map((asked, appender): InFlight => {
    if (asked === acknowledged[appender]) return 'none';
    return seen[appender] === asked ? 'found' : 'absent';
  });
  return {
    end,
    issued: total(issued),
    acknowledged: total(acknowledged),
    recovered,
    lost,
    strangers,
    outOfOrder,
    wrongBytes,
    inFlight,
    passed: lost + strangers + outOfOrder + wrongBytes === 0,
    checkedInMs: performance.now() - startMs,
    openedInMs,
    recovery: log.status().recovery,
  };
}
