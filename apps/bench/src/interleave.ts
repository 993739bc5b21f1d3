/**
 * All subjects of one work, block by block in turn, so that whatever disturbs the machine disturbs
 * them alike. Each round begins with another subject.
 */
import type { Plan } from './lane.ts';
import type { Measured, SeatResult } from './result.ts';
import type { SubjectFacts } from './subject.ts';
import type { WorkFacts } from './work.ts';
import { sleep } from './platform/tasks.ts';
import { describe } from './platform/describe.ts';

/** Someone who runs blocks, in whatever thread. */
export interface Measurer {
  block(): Promise<void>;
  leave(): Promise<Measured>;
}

/** Lets background work of the subject before (closing marks, cleaning) end. */
const PAUSE_MS = 12;

export async function interleave<S extends SubjectFacts>(
  work: WorkFacts,
  subjects: readonly S[],
  rounds: number,
  take: (subject: S) => Promise<Measurer>,
): Promise<SeatResult[]> {
  const taken: { subject: S; measurer?: Measurer; failure?: string }[] = [];
  for (const subject of subjects) {
    const seat: { subject: S; measurer?: Measurer; failure?: string } = { subject };
    taken.push(seat);
    await guard(seat, async () => void (seat.measurer = await take(subject)));
  }
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < taken.length; turn++) {
      const seat = taken[(round + turn) % taken.length]!;
      if (seat.failure !== undefined) continue;
      await sleep(PAUSE_MS);
      await guard(seat, () => seat.measurer!.block());
    }
  }
  const results: SeatResult[] = [];
  for (const seat of taken) {
    let measured: Measured | undefined;
    if (seat.measurer !== undefined) {
      await guard(seat, async () => void (measured = await seat.measurer!.leave()));
    }
    const { subject, failure } = seat;
    results.push({
      subject: factsOf(subject),
      work,
      ...(failure !== undefined ? { failure } : measured === undefined ? {} : { measured }),
    });
  }
  return results;
}

async function guard(seat: { failure?: string }, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    seat.failure ??= describe(error);
  }
}

/** Only what can be sent on. */
function factsOf({ id, title, kind, caller, promise, reads, values }: SubjectFacts): SubjectFacts {
  return { id, title, kind, caller, promise, reads, values };
}

/** Whether this subject takes part in this work. */
export function takesPart(subject: SubjectFacts, work: WorkFacts, plan: Plan): boolean {
  if (plan.subjects !== undefined && !plan.subjects.includes(subject.id)) return false;
  if (plan.subjects === undefined && plan.quick && subject.extra === true) return false;
  if (work.callers !== undefined && !work.callers.includes(subject.caller)) return false;
  if (work.needsReopen === true && subject.reopens !== true) return false;
  if (work.needsGet === true && subject.gets !== true) return false;
  if (work.subjects !== undefined && !work.subjects.includes(subject.id)) return false;
  if (subject.only !== undefined && !subject.only.includes(work.id)) return false;
  return !(subject.skips ?? []).includes(work.id);
}
