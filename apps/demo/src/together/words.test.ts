import { expect, test } from 'vitest';
import { isWord, labelFor } from './words.ts';

const TAB = { id: 'a', label: 'Otter', state: 'leader', epoch: 3, isWriting: false };

test('the words of this build are heard', () => {
  const moment = { tone: 'calm', text: 'follows' };
  for (const word of [
    { kind: 'who' },
    { kind: 'here', tab: TAB },
    { kind: 'moment', tab: 'Otter', moment },
    { kind: 'writing', on: true },
  ]) {
    expect(isWord(word)).toBe(true);
  }
});

test.each([
  [null],
  ['who'],
  [{ kind: 'reign' }],
  [{ kind: 'here' }],
  [{ kind: 'here', tab: { ...TAB, state: 'king' } }],
  [{ kind: 'here', tab: { ...TAB, epoch: '3' } }],
  [{ kind: 'moment', tab: 'Otter', moment: { tone: 'loud', text: 'x' } }],
  [{ kind: 'moment', tab: 'Otter', moment: null }],
  [{ kind: 'writing', on: 1 }],
])('%j of another build is not heard', (word) => {
  expect(isWord(word)).toBe(false);
});

test('thirty tabs have thirty labels', () => {
  const taken: string[] = [];
  for (let tab = 0; tab < 30; tab += 1) taken.push(labelFor('same', taken));
  expect(new Set(taken).size).toBe(30);
});
