/**
 * Puts the results of one work side by side: each against the raw file and the best peer of the
 * same caller, round by round.
 */
import { median, pairedRatio } from './figures.ts';
import type { Lane } from './lane.ts';
import type { Measured, Result, SeatResult } from './result.ts';

export interface Failure {
  readonly lane: string;
  readonly subject: string;
  readonly work: string;
  readonly failure: string;
}

type Counted = SeatResult & { readonly measured: Measured };

export function compare(
  lane: Lane['name'],
  seats: readonly SeatResult[],
): { results: Result[]; failures: Failure[] } {
  const counted = seats.filter((seat): seat is Counted => seat.measured !== undefined);
  const failures = seats
    .filter(({ failure }) => failure !== undefined)
    .map(({ subject, work, failure }) => ({
      lane,
      subject: subject.id,
      work: work.id,
      failure: failure!,
    }));
  return { results: counted.map((seat) => result(lane, seat, counted)), failures };
}

function result(lane: Lane['name'], seat: Counted, all: readonly Counted[]): Result {
  const { subject, work, measured } = seat;
  const yardstick = subject.kind.endsWith('-null') ? 'raw-null' : 'raw';
  const raw = all.find(
    (other) => other.subject.kind === yardstick && other.subject.caller === subject.caller,
  );
  const best = bestPeer(seat, all);
  const medianUs = median(measured.blocksUs);
  return {
    lane,
    subject: subject.id,
    work: work.id,
    title: subject.title,
    kind: subject.kind,
    caller: subject.caller,
    depth: work.depth,
    pool: work.pool,
    promise: subject.promise,
    reads: subject.reads,
    values: subject.values,
    unit: work.unit,
    medianUs,
    ratePerSecond: 1e6 / medianUs,
    flushesPerUnit: measured.flushes === null ? null : measured.flushes / measured.units,
    p50RatioToRaw: raw === undefined ? null : measured.p50Us / raw.measured.p50Us,
    ratioToRaw: raw === undefined ? null : pairedRatio(measured.blocksUs, raw.measured.blocksUs),
    ratioToBestPeer:
      best === undefined ? null : pairedRatio(measured.blocksUs, best.measured.blocksUs),
    bestPeer: best?.subject.id ?? null,
    ...measured,
  };
}

/** The fastest other program with the same promise: from the same caller, if there is one. */
function bestPeer(seat: Counted, all: readonly Counted[]): Counted | undefined {
  const equals = all.filter(
    ({ subject }) =>
      subject.kind === 'peer' &&
      subject.id !== seat.subject.id &&
      subject.promise === seat.subject.promise,
  );
  const near = equals.filter(({ subject }) => subject.caller === seat.subject.caller);
  return (near.length > 0 ? near : equals).toSorted(
    (a, b) => median(a.measured.blocksUs) - median(b.measured.blocksUs),
  )[0];
}
