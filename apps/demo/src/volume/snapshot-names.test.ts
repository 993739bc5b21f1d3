import { expect, test } from 'vitest';
import { freeName, nextName } from './snapshot-names.ts';

test('a deleted snapshot’s number is not given to another while a later one is there', () => {
  expect(nextName([])).toBe('snapshot 1');
  expect(nextName(['snapshot 1', 'year 9', 'snapshot 3'])).toBe('snapshot 4');
});

test('a name that is taken gets a number, also the third time', () => {
  expect(freeName('year 1', ['year 2'])).toBe('year 1');
  expect(freeName('year 1', ['year 1', 'year 1 (2)'])).toBe('year 1 (3)');
});
