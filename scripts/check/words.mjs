/**
 * What must not stand in a file that is committed. The patterns are put together from pieces, so
 * that this file does not accuse itself.
 */

const CODE = /\.(?:ts|mts|mjs|js|json|html|css|sh)$|^\.ci\//;

/** @type {readonly { what: string, pattern: RegExp, files: RegExp }[]} */
const BANNED = [
  {
    what: 'a path of one machine',
    pattern: /(?<![\w.$}*-])\/(?:work|root|Users|home)\/\w/,
    files: /./,
  },
  {
    what: 'unfinished work',
    pattern: new RegExp(`\\b(?:${'TO'}${'DO'}|${'FIX'}${'ME'}|${'XX'}X)\\b`),
    files: CODE,
  },
  {
    what: 'a test that shuts out the others',
    pattern: /\b(?:test|it|describe)\.only\(/,
    files: CODE,
  },
  { what: 'a debugger statement', pattern: new RegExp(`^\\s*${'debug'}ger;`), files: CODE },
  {
    what: 'types switched off',
    pattern: new RegExp(`@ts-(?:${'igno'}re|${'noch'}eck)`),
    files: CODE,
  },
  {
    what: 'a cast through unknown',
    pattern: new RegExp(`\\bas ${'unknown'} as\\b`),
    files: /\.m?ts$/,
  },
  {
    what: 'a lint rule switched off without a reason',
    pattern: /(?:eslint|oxlint)-disable(?!.*--)/,
    files: CODE,
  },
  { what: 'a merge conflict', pattern: new RegExp(`^(?:<{7}|>{7}) `), files: /./ },
];

/**
 * @param {string} path from the root
 * @param {string} text
 * @returns {string[]}
 */
export function bannedWords(path, text) {
  if (path === 'package-lock.json' || path === 'scripts/check/words.mjs') return [];
  const rules = BANNED.filter(({ files }) => files.test(path));
  return text
    .split('\n')
    .flatMap((line, index) =>
      rules
        .filter(({ pattern }) => pattern.test(line))
        .map(({ what }) => `${path}:${index + 1}: ${what}: ${line.trim().slice(0, 100)}`),
    );
}
