import { expect, test } from 'vitest';
import type { Pulse } from '../logbook/entries.ts';
import { isUnbroken, PulseCheck, type PulseCount } from './pulse-check.ts';

const pulse = (number: number, unsure: readonly number[] = [], tab = 'a'): Pulse => ({
  kind: 'pulse',
  tab,
  number,
  unsure,
});

function counted(pulses: readonly Pulse[]): PulseCount {
  const check = new PulseCheck();
  for (const each of pulses) check.take(each);
  return check.of('a')!;
}

test('numbers that follow each other are unbroken, wherever one begins to read', () => {
  const count = counted([pulse(7), pulse(8), pulse(9)]);
  expect(count).toMatchObject({ seen: 3, last: 9, lost: 0, twice: 0, late: 0 });
  expect(isUnbroken(count)).toBe(true);
});

test('the numbers of several tabs do not mix', () => {
  const count = counted([pulse(1), pulse(40, [], 'b'), pulse(2), pulse(41, [], 'b'), pulse(3)]);
  expect(count).toMatchObject({ seen: 3, lost: 0, twice: 0 });
});

test('a number that its worker died with is not lost when it is absent, nor wrong when it is there', () => {
  expect(counted([pulse(1), pulse(3, [2])])).toMatchObject({ lost: 0, unsure: 1 });
  const there = counted([pulse(1), pulse(2), pulse(3, [2])]);
  expect(there).toMatchObject({ lost: 0, twice: 0, unsure: 0 });
});

const BROKEN: readonly (readonly [string, readonly Pulse[], Partial<PulseCount>])[] = [
  ['an acknowledged number is missing', [pulse(1), pulse(3)], { lost: 1 }],
  ['three are missing, one of them unsure', [pulse(1), pulse(5, [3])], { lost: 2, unsure: 1 }],
  ['a number came twice at once', [pulse(1), pulse(2), pulse(2)], { twice: 1 }],
  ['a number came again later', [pulse(1), pulse(2), pulse(3), pulse(1)], { twice: 1 }],
  ['two numbers changed places', [pulse(1), pulse(3), pulse(2)], { late: 1, lost: 0, twice: 0 }],
];

test.each(BROKEN)('%s: broken', (_, pulses, facts) => {
  const count = counted(pulses);
  expect(count).toMatchObject(facts);
  expect(isUnbroken(count)).toBe(false);
});
