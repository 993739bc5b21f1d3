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
  /** Equal for choices that lead to the same disk; absent: no two do. */
  readonly identity?: ((choice: Choice) => Choice) | undefined;
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

/**
 * Every choice to look at, each once: all of them when they are few, else the telling ones and some
 * random. Choices that lead to the same disk count as one.
 */
export function* choicesOf(
  questions: Questions,
  subsets: Subsets = {},
): Generator<{ id: string; choice: Choice }> {
  const { exhaustiveUpTo = 12, atMost = Infinity } = subsets;
  const { identity } = questions;
  const combinations = questions.answers.reduce((product, count) => product * count, 1);
  const exhaustive = combinations <= 2 ** exhaustiveUpTo;
  const telling = exhaustive ? undefined : tellingIds(questions, subsets);
  const count = telling?.count ?? combinations;
  // Nothing and everything are always among them.
  const extremes = exhaustive ? [0, count - 1] : [0, 1];
  const seen = exhaustive && identity === undefined ? undefined : new Set<string>();
  for (const ordinal of drawn(count, extremes, atMost, questions.seed)) {
    const id = telling?.id(ordinal) ?? `x${ordinal.toString(36)}`;
    const choice = choiceOf(questions, id);
    if (seen !== undefined) {
      const key = String.fromCharCode(...(identity?.(choice) ?? choice));
      if (seen.has(key)) continue;
      seen.add(key);
    }
    yield { id, choice };
  }
}

/** 0 … `count`−1; when that is more than `atMost`, the extremes and others at random. */
function* drawn(
  count: number,
  extremes: readonly number[],
  atMost: number,
  seed: number,
): Generator<number> {
  if (count <= atMost) {
    for (let ordinal = 0; ordinal < count; ordinal++) yield ordinal;
    return;
  }
  const random = new SeededRandom(seedOf(seed, 'drawn'));
  const chosen = new Set(extremes);
  while (chosen.size < atMost) chosen.add(random.below(count));
  yield* chosen;
}

/** The ids of the telling choices, none of them written out before it is asked for. */
function tellingIds(
  { answers, newest, order }: Questions,
  { random = 64, pairs = 256 }: Subsets,
): { count: number; id: (ordinal: number) => string } {
  const questions = answers.length;
  const prefixes = Math.max(0, order.length - 1);
  const damages: string[] = [];
  for (let question = 0; question < questions; question++) {
    for (let bad = newest[question] + 1; bad < answers[question]; bad++) {
      damages.push(`g${question}-${bad}`, `h${question}-${bad}`);
    }
  }
  // All pairs when they fit; else pairs spread evenly over all of them.
  const allPairs = (questions * (questions - 1)) / 2;
  const step = Math.max(1, allPairs / pairs);
  const families: readonly (readonly [number, (ordinal: number) => string])[] = [
    [2, (ordinal) => (ordinal === 0 ? 'none' : 'all')],
    [prefixes, (ordinal) => `p${ordinal + 1}`],
    [questions, (ordinal) => `l${ordinal}`],
    [questions, (ordinal) => `k${ordinal}`],
    [damages.length, (ordinal) => damages[ordinal]],
    [Math.ceil(allPairs / step), (ordinal) => pairId(Math.floor(ordinal * step), questions)],
    [random, (ordinal) => `r${ordinal}`],
  ];
  return {
    count: families.reduce((sum, [size]) => sum + size, 0),
    id: (ordinal) => {
      let rest = ordinal;
      for (const [size, idOf] of families) {
        if (rest < size) return idOf(rest);
        rest -= size;
      }
      throw new RangeError(`no telling choice ${ordinal}`);
    },
  };
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

function pairId(ordinal: number, count: number): string {
  let rest = ordinal;
  for (let a = 0; a < count; a++) {
    const following = count - 1 - a;
    if (rest < following) return `d${a}-${a + 1 + rest}`;
    rest -= following;
  }
  throw new RangeError(`no pair ${ordinal}`);
}

function badId(id: string): Error {
  return new FileFault('io', `no image of id ${id} at this crash point`);
}
