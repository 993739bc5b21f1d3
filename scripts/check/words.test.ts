import { expect, test } from 'vitest';
import { bannedWords } from './words.mjs';

const todo = ['TO', 'DO'].join('');
const home = ['/ho', 'me/someone/notes'].join('');
const cast = ['x as unk', 'nown as Y'].join('');
const only = ['test.on', 'ly("x")'].join('');
const off = ['// oxlint-dis', 'able-next-line no-eval'].join('');

test('each banned word is told with its place', () => {
  for (const line of [`// ${todo}: later`, `open('${home}')`, cast, only, off]) {
    expect(bannedWords('packages/a/src/a.ts', `\n${line}`), line).toHaveLength(1);
  }
  expect(bannedWords('a.ts', `\n${cast}`)[0]).toMatch(/^a\.ts:2:/);
});

test('ordinary lines pass, and a lint rule switched off with its reason', () => {
  for (const line of [
    '// the work/home balance',
    `${off} -- the loader needs it`,
    ['a', 'work', 'b'].join('/'),
  ]) {
    expect(bannedWords('packages/a/src/a.ts', line), line).toEqual([]);
  }
});
