import { expect, test } from 'vitest';
import { ALWAYS, contextNames, QUICK, shareAt, SHARES } from './contexts.mjs';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 10, 22, 3, 7);

const namesOf = (shares: readonly (readonly string[])[]): string[] =>
  [...new Set(shares.flat())].sort();

test('every file of contexts is in one share, in every share, or in `npm test`: none is forgotten', () => {
  expect([...SHARES.flat(), ...ALWAYS, ...QUICK].sort()).toEqual(contextNames());
});

test.each([
  ['every hour', HOUR_MS],
  ['every night', DAY_MS],
  ['every week', 7 * DAY_MS],
])('who runs CI %s has run all of them after as many runs as there are shares', (_, everyMs) => {
  const shares = SHARES.map((__, run) => shareAt(START_MS + run * everyMs));
  expect(namesOf(shares)).toEqual(namesOf([...SHARES, ALWAYS]));
});
