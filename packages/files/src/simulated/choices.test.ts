import fc from 'fast-check';
import { expect, test } from 'vitest';
import { choiceOf, choicesOf, explicitId, type Questions } from './choices.ts';

function questionsOf(answers: readonly number[], seed = 1): Questions {
  const newest = answers.map((count) => count - 1);
  const order = answers.flatMap((count, question) =>
    Array.from({ length: count - 1 }, (_, index) => [question, index + 1] as const),
  );
  return { answers, newest, order, seed };
}

test('few questions are answered in every way, once each', () => {
  const choices = [...choicesOf(questionsOf([2, 3, 1, 2]))].map(({ choice }) => choice.join(''));
  expect(choices).toHaveLength(12);
  expect(new Set(choices).size).toBe(12);
  expect(choices).toContain('1201');
});

test('many questions get none, all, every prefix, each one left out, each one alone, and more', () => {
  const count = 20;
  const seen = new Set(
    [...choicesOf(questionsOf(Array<number>(count).fill(2)))].map(({ choice }) => choice.join('')),
  );
  const bits = (persisted: (question: number) => boolean): string =>
    Array.from({ length: count }, (_, question) => Number(persisted(question))).join('');
  expect(seen).toContain(bits(() => false));
  expect(seen).toContain(bits(() => true));
  for (let question = 0; question < count; question++) {
    expect(seen).toContain(bits((other) => other < question));
    expect(seen).toContain(bits((other) => other !== question));
    expect(seen).toContain(bits((other) => other === question));
    expect(seen).toContain(bits((other) => other === question || other === 0));
  }
  expect(seen.size).toBeGreaterThan(4 * count);
});

test('every id gives back its choice, and so does the explicit one', () => {
  const answers = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 300 })),
    { minLength: 1, maxLength: 24 },
  );
  fc.assert(
    fc.property(answers, fc.nat(), (counts, seed) => {
      const questions = questionsOf(counts, seed);
      for (const { id, choice } of choicesOf(questions, { exhaustiveUpTo: 6, random: 8 })) {
        expect(choice.every((answer, question) => answer < counts[question])).toBe(true);
        expect(choiceOf(questions, id)).toEqual(choice);
        expect(choiceOf(questions, explicitId(choice))).toEqual(choice);
      }
    }),
    { numRuns: 20 },
  );
});

test('an id that does not fit the questions is refused', () => {
  const questions = questionsOf([2, 2]);
  for (const id of [
    '',
    'zap',
    'l2',
    'k9',
    'd0-5',
    'm9',
    'l',
    'k-1',
    'm000',
    'm1.1.1',
    'g0-2',
    'none7',
  ]) {
    expect(() => choiceOf(questions, id)).toThrow(/no image/);
  }
});
