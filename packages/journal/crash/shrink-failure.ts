/**
 * Makes a failure small: first fewer operations, then less of what was unflushed persisted.
 *
 * Always true: what comes out violates the same invariant, and its id shows that again.
 */
import { explicitId, spelledAnswers } from '@varve/files/simulated';
import { CaseRun, type LaneLimits } from './case-run.ts';
import type { LaneCase } from './cases.ts';
import { elementOf, parseReplayId, spellOut } from './image-id.ts';
import { newTally, type Failure } from './tally.ts';

/** How many images one look for a smaller workload may take, and how long all of it. */
const IMAGES_MAX = 4_000;
const PER_CRASH = 24;
const TIME_MAX_MS = 30_000;

const invariantOf = ({ reason }: Failure): string => reason.slice(0, 3);

export async function shrinkFailure(failure: Failure, limits: LaneLimits): Promise<Failure> {
  const untilMs = Date.now() + TIME_MAX_MS;
  const fewer = await fewerOperations(failure, limits, untilMs);
  const { reason, what, id } = await lessPersisted(fewer, limits, untilMs);
  return { ...failure, least: { reason, what, id } };
}

async function fewerOperations(
  failure: Failure,
  limits: LaneLimits,
  untilMs: number,
): Promise<Failure> {
  let smallest = failure;
  for (let shrunk = true; shrunk;) {
    shrunk = false;
    const { lane } = parseReplayId(smallest.id);
    for (let index = lane.workload.length - 1; index >= 0 && Date.now() < untilMs; index--) {
      const found = await failureOf(without(lane, index), limits, failure);
      if (found === undefined) continue;
      smallest = found;
      shrunk = true;
      break;
    }
  }
  return smallest;
}

function without(lane: LaneCase, index: number): LaneCase {
  const { workload, faultBeginsAt, faultEndsAt } = lane;
  const moved = (at: number): number => (at > index ? at - 1 : at);
  return spellOut(lane, workload.toSpliced(index, 1), moved(faultBeginsAt), moved(faultEndsAt));
}

/** The case's first failure of the same invariant. */
async function failureOf(
  lane: LaneCase,
  limits: LaneLimits,
  like: Failure,
): Promise<Failure | undefined> {
  const tally = newTally();
  const wide = { ...limits, crashPercent: 100, perCrash: PER_CRASH, violations: 1 };
  await new CaseRun(lane, { ...wide, images: IMAGES_MAX }, tally).start();
  return tally.violations.find((found) => invariantOf(found) === invariantOf(like));
}

/** Takes away what persisted, one thing at a time, in the image of the first life. */
async function lessPersisted(
  failure: Failure,
  limits: LaneLimits,
  untilMs: number,
): Promise<Failure> {
  const { lane, path } = parseReplayId(failure.id);
  if (path.length !== 1) return failure;
  let smallest = failure;
  const spelled = await explicitPath(lane, failure, limits);
  if (spelled === undefined) return failure;
  const { op, treatment } = spelled;
  let { answers } = spelled;
  for (let question = 0; question < answers.length && Date.now() < untilMs; question++) {
    for (let answer = 0; answer < answers[question]!; answer++) {
      const candidate = answers.with(question, answer);
      const image = `${op}:${explicitId(candidate)}`;
      const tally = newTally();
      await new CaseRun(lane, limits, tally).replay([{ image, treatment }]);
      const found = tally.violations.find((one) => invariantOf(one) === invariantOf(failure));
      if (found === undefined) continue;
      answers = candidate;
      smallest = found;
      break;
    }
  }
  return smallest;
}

/** The answers of the failing image, and the number that keeps its treatment when they change. */
async function explicitPath(
  lane: LaneCase,
  failure: Failure,
  limits: LaneLimits,
): Promise<{ op: string; answers: number[]; treatment: number } | undefined> {
  const element = parseReplayId(failure.id).path[0]!;
  const run = new CaseRun(lane, limits, newTally());
  const life = await run.firstLife();
  if (life === undefined) return undefined;
  const [op, choice] = life.disk.image(element.image).explicitId.split(':');
  const treatment = element.treatment ?? run.treatmentNumber(elementOf(element));
  return { op: op!, answers: spelledAnswers(choice!), treatment };
}
