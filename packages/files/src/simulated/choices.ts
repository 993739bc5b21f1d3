/**
 * Which of the legal outcomes of a crash to look at, and a short name for each.
 *
 * A crash leaves some questions open; question `q` has answers 0 (nothing of it persisted) to
 * `answers[q]`−1, of which `newest[q]` is "all of it" and anything above is damage. A choice is one
 * answer per question.
 *
 * Ids: `none` · `all` · `xN` Nth of an exhaustive count · `pN` the first N writes · `lN` all but
 * question N · `kN` question N alone · `dN-M` questions N and M alone · `gN-A` all, but damage A in
 * question N · `hN-A` that damage alone · `rN` Nth random choice · `m…` the answers themselves, in
 * base 36: a digit each, or a dot after each when one needs two.
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
  /** No more than so many of all these: nothing, everything, and others drawn by the seed. Default: all. */
  readonly atMost?: number;
}

/** Every choice to look at, each once: all of them when they are few, else the telling ones and some random. */
export function* choicesOf(
  questions: Questions,
  subsets: Subsets = {},
): Generator<{ id: string; choice: Choice }> {
  const { exhaustiveUpTo = 12, atMost = Infinity } = subsets;
  const combinations = questions.answers.reduce((product, count) => product * count, 1);
  if (combinations <= 2 ** exhaustiveUpTo) {
    for (const ordinal of drawn(combinations, atMost, questions.seed)) {
      const id = `x${ordinal.toString(36)}`;
      yield { id, choice: choiceOf(questions, id) };
    }
    return;
  }
  const seen = new Set<string>();
  const ids = [...tellingIds(questions, subsets)];
  for (const ordinal of drawn(ids.length, atMost, questions.seed)) {
    const id = ids[ordinal];
    const choice = choiceOf(questions, id);
    const key = choice.join();
    if (seen.has(key)) continue;
    seen.add(key);
    yield { id, choice };
  }
}

/** 0 … `count`−1; when that is more than `atMost`, the first, the last and others at random. */
function* drawn(count: number, atMost: number, seed: number): Generator<number> {
  if (count <= atMost) {
    for (let ordinal = 0; ordinal < count; ordinal++) yield ordinal;
    return;
  }
  const random = new SeededRandom(seedOf(seed, 'drawn'));
  const chosen = new Set([0, count - 1]);
  while (chosen.size < atMost) chosen.add(random.below(count));
  yield* chosen;
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

const ID =
  /^(?:(none|all)|([plkr])(\d+)|([dgh])(\d+)-(\d+)|x([0-9a-z]+)|m([0-9a-z]+|(?:[0-9a-z]+\.)+))$/;

/** The choice behind an id. @throws when the id does not fit these questions */
export function choiceOf(questions: Questions, id: string): Choice {
  const { answers, newest, order } = questions;
  const wide = answers.some((count) => count > 256);
  const choice: Choice = wide ? new Uint16Array(answers.length) : new Uint8Array(answers.length);
  const parts = ID.exec(id);
  if (parts === null) throw badId(id);
  const [, whole, single, singleText, double, firstText, secondText, ordinal, digits] = parts;
  const answer = (question: number, given: number): void => {
    if (!(question < answers.length && given < answers[question])) throw badId(id);
    choice[question] = given;
  };
  if (whole === 'all' || single === 'l' || double === 'g') choice.set(newest);
  if (single === 'p') {
    for (const [question, given] of order.slice(0, Number(singleText))) answer(question, given);
  } else if (single === 'l') answer(Number(singleText), 0);
  else if (single === 'k') answer(Number(singleText), newest[Number(singleText)]);
  else if (single === 'r') answerAtRandom(questions, Number(singleText), choice);
  else if (double === 'd') {
    for (const question of [Number(firstText), Number(secondText)]) {
      answer(question, newest[question]);
    }
  } else if (double !== undefined) answer(Number(firstText), Number(secondText));
  else if (ordinal !== undefined) answerByCount(questions, parseInt(ordinal, 36), choice);
  else if (digits !== undefined) {
    const spelled = spelledAnswers(id);
    if (spelled.length !== answers.length) throw badId(id);
    spelled.forEach((given, question) => answer(question, given));
  }
  return choice;
}

/** Counts in a number system whose places are the questions. */
function answerByCount({ answers }: Questions, ordinal: number, choice: Choice): void {
  let rest = ordinal;
  for (let question = 0; question < answers.length; question++) {
    choice[question] = rest % answers[question];
    rest = Math.floor(rest / answers[question]);
  }
}

/** The id that spells every answer out: what a shrinker hands on. */
export function explicitId(choice: ArrayLike<number>): string {
  const digits = Array.from(choice, (answer) => answer.toString(36));
  const narrow = digits.every((digit) => digit.length === 1);
  return `m${digits.map((digit) => (narrow ? digit : `${digit}.`)).join('')}`;
}

/** The answers that an explicit id spells out. */
export function spelledAnswers(id: string): number[] {
  const text = id.slice(1);
  const digits = text.includes('.') ? text.split('.').slice(0, -1) : text.split('');
  return digits.map((digit) => parseInt(digit, 36));
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
