/**
 * Which of the legal outcomes of a crash to look at, and a short name for each.
 *
 * A crash leaves some questions open; question `q` has answers 0 (nothing of it persisted) to
 * `answers[q]`−1, of which `newest[q]` is "all of it" and anything above is damage. A choice is one
 * answer per question.
 *
 * Ids: `none` · `all` · `xN` Nth of an exhaustive count · `pN` the first N writes · `lN` all but
 * question N · `kN` question N alone · `dN-M` questions N and M alone · `gN-A` all, but damage A in
 * question N · `hN-A` that damage alone · `rN` Nth random choice · `m…` the answers themselves,
 * a base-36 digit each.
 */
import { FileFault } from '../fault.ts';
import { SeededRandom, seedOf } from './seeded-random.ts';

export interface Questions {
  /** How many answers each question has. */
  readonly answers: readonly number[];
  /** The answer of each question that means "everything persisted, undamaged". */
  readonly newest: readonly number[];
  /** `[question, answer]` in the order in which the program did these things. */
  readonly order: readonly (readonly [number, number])[];
  /** Seeds the random choices. */
  readonly seed: number;
}

export type Choice = Uint8Array | Uint16Array;

export interface Subsets {
  /** Every combination, when there are at most 2^this many. Default 12. */
  readonly exhaustiveUpTo?: number;
  /** How many random combinations otherwise. Default 64. */
  readonly random?: number;
  /** How many pairs otherwise. Default 256. */
  readonly pairs?: number;
}

/** Every choice to look at, each once: all of them when they are few, else the telling ones and some random. */
export function* choicesOf(
  questions: Questions,
  subsets: Subsets = {},
): Generator<{ id: string; choice: Choice }> {
  const { exhaustiveUpTo = 12 } = subsets;
  const combinations = questions.answers.reduce((product, count) => product * count, 1);
  if (combinations <= 2 ** exhaustiveUpTo) {
    for (let ordinal = 0; ordinal < combinations; ordinal++) {
      const id = `x${ordinal.toString(36)}`;
      yield { id, choice: choiceOf(questions, id) };
    }
    return;
  }
  const seen = new Set<string>();
  for (const id of tellingIds(questions, subsets)) {
    const choice = choiceOf(questions, id);
    const key = choice.join();
    if (seen.has(key)) continue;
    seen.add(key);
    yield { id, choice };
  }
}

function* tellingIds(questions: Questions, subsets: Subsets): Generator<string> {
  const { random = 64, pairs = 256 } = subsets;
  const count = questions.answers.length;
  yield 'none';
  yield 'all';
  for (let length = 1; length < questions.order.length; length++) yield `p${length}`;
  for (let question = 0; question < count; question++) yield `l${question}`;
  for (let question = 0; question < count; question++) yield `k${question}`;
  for (let question = 0; question < count; question++) {
    for (let bad = questions.newest[question] + 1; bad < questions.answers[question]; bad++) {
      yield `g${question}-${bad}`;
      yield `h${question}-${bad}`;
    }
  }
  // All pairs when they fit; else pairs spread evenly over all of them.
  const allPairs = (count * (count - 1)) / 2;
  const step = Math.max(1, allPairs / pairs);
  for (let ordinal = 0; ordinal < allPairs; ordinal += step) {
    const [a, b] = pairAt(Math.floor(ordinal), count);
    yield `d${a}-${b}`;
  }
  for (let ordinal = 0; ordinal < random; ordinal++) yield `r${ordinal}`;
}

/** The choice behind an id. @throws when the id does not fit these questions */
export function choiceOf(questions: Questions, id: string): Choice {
  const { answers, newest, order } = questions;
  const wide = answers.some((count) => count > 256);
  const choice: Choice = wide ? new Uint16Array(answers.length) : new Uint8Array(answers.length);
  const [first, second] = id.slice(1).split('-').map(Number);
  const check = (question: number): number => {
    if (!(question >= 0 && question < answers.length)) throw badId(id);
    return question;
  };
  if (id === 'none') return choice;
  if (id === 'all') choice.set(newest);
  else if (id.startsWith('x')) {
    let rest = parseInt(id.slice(1), 36);
    for (let question = 0; question < answers.length; question++) {
      choice[question] = rest % answers[question];
      rest = Math.floor(rest / answers[question]);
    }
  } else if (id.startsWith('p')) {
    for (const [question, answer] of order.slice(0, first)) choice[question] = answer;
  } else if (id.startsWith('l')) {
    choice.set(newest);
    choice[check(first)] = 0;
  } else if (id.startsWith('k')) choice[check(first)] = newest[first];
  else if (id.startsWith('d')) {
    choice[check(first)] = newest[first];
    choice[check(second)] = newest[second];
  } else if (id.startsWith('g')) {
    choice.set(newest);
    choice[check(first)] = second;
  } else if (id.startsWith('h')) choice[check(first)] = second;
  else if (id.startsWith('r')) answerAtRandom(questions, first, choice);
  else if (id.startsWith('m')) {
    for (let question = 0; question < answers.length; question++) {
      choice[question] = parseInt(id[question + 1] ?? '0', 36);
      if (choice[question] >= answers[question]) throw badId(id);
    }
  } else throw badId(id);
  return choice;
}

/** The id that spells every answer out: what a shrinker hands on. */
export function explicitId(choice: Choice): string {
  return `m${Array.from(choice, (answer) => answer.toString(36)).join('')}`;
}

function answerAtRandom(questions: Questions, ordinal: number, choice: Choice): void {
  const random = new SeededRandom(seedOf(questions.seed, ordinal));
  // Mostly old, even, or mostly new: thin and thick mixtures find different bugs.
  const eighthsNew = [1, 4, 7][ordinal % 3];
  for (let question = 0; question < choice.length; question++) {
    const isNew = random.below(8) < eighthsNew;
    const odd = random.below(8) === 0;
    if (odd) choice[question] = random.below(questions.answers[question]);
    else choice[question] = isNew ? questions.newest[question] : 0;
  }
}

function pairAt(ordinal: number, count: number): [number, number] {
  let rest = ordinal;
  for (let a = 0; a < count; a++) {
    const following = count - 1 - a;
    if (rest < following) return [a, a + 1 + rest];
    rest -= following;
  }
  return [0, 0];
}

function badId(id: string): Error {
  return new FileFault('io', `no image of id ${id} at this crash point`);
}
