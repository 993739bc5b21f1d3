/**
 * Judges what the pages were told by what the log holds in the end.
 *
 * - E1 nothing acknowledged is lost, and it stands at the LSN that was told
 * - E2 no record stands twice, and none that nobody appended
 * - E3 the records of a client stand in the order of its calls; a batch wholly or not at all, together
 * - E4 what was told `not-written` is not there
 * - E5 each tail saw what the log holds, each record once, in order, up to the end
 * - E6 a read that came to its end holds what its client had been told before it began
 * - E7 every call ended
 *
 * Who appends a record under a key that others append it under, too, is told by E1 and E2 where the one
 * record stands; whether it failed says nothing of the others (E4).
 *
 * E1, E5 and E6 hold for what was flushed always; for the rest, unless power was lost or a flush
 * failed afterwards.
 */
import type { Durability } from '@varve/protocol';
import { type AppendFact, type History, type TailFact, nameOf } from './history.ts';
import type { SeenRecord } from './values.ts';

export interface FinalLog {
  readonly durability: Durability;
  /** Records below were trimmed. */
  readonly firstLsn: number;
  readonly records: readonly SeenRecord[];
  /** Clients whose tails must have come to the end. */
  readonly following: ReadonlySet<number>;
}

export function judge(history: History, log: FinalLog): string[] {
  const wrong = [...history.violations];
  const byName = new Map<string, number>();
  const byLsn = new Map<number, SeenRecord>();
  const lastOf = new Map<number, number>();
  let expected = log.firstLsn;
  for (const record of log.records) {
    const { client, number, lsn } = record;
    const key = `${client}:${number}`;
    if (byName.has(key)) wrong.push(`E2: ${key} stands at ${byName.get(key)} and at ${lsn}`);
    if (lsn !== expected++) wrong.push(`E2: ${lsn} stands where ${expected - 1} should`);
    if (number <= (lastOf.get(client) ?? 0))
      wrong.push(`E3: ${key} at ${lsn} stands after ${client}:${lastOf.get(client)}`);
    lastOf.set(client, Math.max(number, lastOf.get(client) ?? 0));
    byName.set(key, lsn);
    byLsn.set(lsn, record);
  }
  const issued = new Set<string>();
  for (const fact of history.appends) {
    for (let index = 0; index < fact.records; index++)
      issued.add(`${fact.client}:${fact.first + index}`);
    wrong.push(...wrongAppend(fact, history, log, byName));
  }
  for (const key of byName.keys())
    if (!issued.has(key)) wrong.push(`E2: ${key} was appended by nobody`);
  for (const tail of history.tails) wrong.push(...wrongTail(tail, history, log, byLsn));
  wrong.push(...wrongReads(history, log, byLsn));
  return wrong;
}

function wrongAppend(
  fact: AppendFact,
  history: History,
  { durability, firstLsn }: FinalLog,
  byName: ReadonlyMap<string, number>,
): string[] {
  const places = Array.from({ length: fact.records }, (_, index) =>
    byName.get(`${fact.client}:${fact.first + index}`),
  );
  const there = places.filter((lsn) => lsn !== undefined);
  const { lsn, error } = fact;
  const last = places.at(-1) ?? 0;
  const begins = last - fact.records + 1;
  const isWhole = places.every((at, index) => (at ?? 0) === begins + index);
  // Trimming may take the beginning of a batch.
  const isTrimmed =
    begins < firstLsn && there[0] === firstLsn && there.length === last - firstLsn + 1;
  if (there.length > 0 && !isWhole && !isTrimmed)
    return [`E3: of the batch ${nameOf(fact)} there is ${places.join()}`];
  if (error?.outcome === 'not-written' && there.length > 0 && fact.key === undefined)
    return [`E4: ${nameOf(fact)} was not written (${error.code}), and stands at ${there[0]}`];
  if (lsn === undefined || lsn < firstLsn || there[0] === lsn) return [];
  const isRelaxed = (fact.durability ?? durability) === 'relaxed';
  // Another one may have appended it anew.
  const isGone = there.length === 0 || fact.key !== undefined;
  if (isGone && isRelaxed && history.isLost(fact.endedMs!)) return [];
  return [
    `E1: ${nameOf(fact)} was acknowledged at ${lsn} and stands ${there.length === 0 ? 'nowhere' : `at ${there[0]}`}`,
  ];
}

function wrongTail(
  { client, records, seenMs, hasLagged }: TailFact,
  history: History,
  { durability, firstLsn, following, records: log }: FinalLog,
  byLsn: ReadonlyMap<number, SeenRecord>,
): string[] {
  const differs = records.findIndex((seen, index) => {
    if (seen.lsn < firstLsn || isSame(seen, byLsn.get(seen.lsn))) return false;
    return durability === 'strict' || !history.isLost(seenMs[index]!);
  });
  if (differs >= 0) {
    const { lsn } = records[differs]!;
    return [`E5: a tail of client ${client} saw at ${lsn} what does not stand there`];
  }
  for (let index = 0; index < records.length; index++) {
    const [before, { lsn }] = [records[index - 1]?.lsn ?? 0, records[index]!];
    // What was trimmed before it was asked for is passed over.
    if (lsn !== before + 1 && (lsn <= before || lsn > firstLsn))
      return [`E5: a tail of client ${client} saw ${lsn} after ${before}`];
  }
  const [last, end] = [records.at(-1)?.lsn ?? 0, log.at(-1)?.lsn ?? 0];
  return following.has(client) && !hasLagged && last < end
    ? [`E5: a tail of client ${client} stopped at ${last}, the log ends at ${end}`]
    : [];
}

function wrongReads(
  history: History,
  { durability, firstLsn }: FinalLog,
  byLsn: ReadonlyMap<number, SeenRecord>,
): string[] {
  const wrong: string[] = [];
  for (const { client, startedMs, endedMs, records } of history.reads) {
    if (endedMs === undefined) continue;
    const until = records.at(-1)?.lsn ?? 0;
    for (const fact of history.appends) {
      const isFlushed = (fact.durability ?? durability) === 'strict';
      const isOwed = fact.client === client && isFlushed && (fact.endedMs ?? Infinity) < startedMs;
      if (isOwed && fact.lsn !== undefined && fact.lsn >= firstLsn && fact.lsn > until)
        wrong.push(
          `E6: a read of client ${client} ended at ${until}, ${nameOf(fact)} was before it`,
        );
    }
    if (durability === 'relaxed') continue;
    const odd = records.find((seen) => seen.lsn >= firstLsn && !isSame(seen, byLsn.get(seen.lsn)));
    if (odd !== undefined)
      wrong.push(`E6: a read of client ${client} saw at ${odd.lsn} what does not stand there`);
  }
  return wrong;
}

const isSame = (one: SeenRecord, two: SeenRecord | undefined): boolean =>
  one.client === two?.client && one.number === two.number;
