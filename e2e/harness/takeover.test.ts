import { expect, test } from 'vitest';
import { takeoverOf } from './takeover.ts';

const answers = (...times: number[]) =>
  times.map((atMs, index) => ({ lane: 0, index, lsn: index + 1, atMs }));
const leads = (atMs: number) => [{ role: 'leader' as const, atMs }];

test('a takeover lasts from the last answer before to the first one after', () => {
  const survivors = [
    { acknowledged: answers(80, 96, 150), roles: leads(140) },
    { acknowledged: answers(90, 98, 148), roles: [] },
  ];
  expect(takeoverOf(survivors, 100, false)).toEqual({ takeoverMs: 50, roleMs: 42 });
});

test('an answer that the dead leader had sent is not the new one’s first', () => {
  const survivors = [{ acknowledged: answers(98, 101, 102, 150), roles: leads(140) }];
  expect(takeoverOf(survivors, 100, false)).toEqual({ takeoverMs: 48, roleMs: 38 });
});

test('an answer that arrives before the role is told does not hide the silence', () => {
  const survivors = [{ acknowledged: answers(98, 150, 152), roles: leads(151) }];
  expect(takeoverOf(survivors, 100, false)).toEqual({ takeoverMs: 52, roleMs: 53 });
});

test('how long the leader stood still before it was killed is not counted', () => {
  const survivors = [{ acknowledged: answers(20, 150), roles: leads(140) }];
  expect(takeoverOf(survivors, 100, true)).toEqual({ takeoverMs: 50, roleMs: 40 });
  expect(takeoverOf(survivors, 100, false).takeoverMs).toBe(130);
});

test('a role of long ago is no takeover', () => {
  const survivors = [{ acknowledged: answers(98, 150), roles: leads(40) }];
  expect(() => takeoverOf(survivors, 100, false)).toThrow('nobody took over');
});
