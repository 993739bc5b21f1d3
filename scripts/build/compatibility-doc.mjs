/**
 * docs/COMPATIBILITY.md, made of what a run found.
 *
 * Always true: a context that no run looked at says "not measured", and why; one that is said to work,
 * with a line or without, had something of it killed.
 */
import { inRoot } from '../lib/root.mjs';

/**
 * @typedef {object} Row
 * @property {string} section
 * @property {string} context
 * @property {string} outcome
 * @property {string} version
 * @property {string} shown
 * @property {string} day
 */

export const COMPATIBILITY_DOC = inRoot('docs', 'COMPATIBILITY.md');

/** Section → what nobody could look at here, and why. */
const NOT_MEASURED = {
  'Browsers and devices': [
    ['Safari on macOS and iOS', 'no such machine; expected from 16.4'],
    ['Chrome on macOS, Windows, Android', 'no such machine'],
    ['Capacitor, iOS and Android', 'no device; a changed scheme or host is another, empty origin'],
  ],
  Electron: [
    ['Electron, privileged scheme', 'its program is not in the registry; its parts stand above'],
    ['Electron, `varve/node` in a utility process', 'the same'],
  ],
  'Service workers and extensions': [['an extension in Firefox or Safari', 'not tried']],
  'Node and other runtimes': [['Node on macOS and Windows', 'no such machine']],
  Bundlers: [
    ['Nuxt', 'SvelteKit was chosen of the two'],
    ['Parcel, Rspack, Bun as a bundler', 'not tried'],
  ],
};

const SECTIONS = [
  'Bundlers',
  'Without a bundler, and policies',
  'Frames',
  'Private windows and `file:`',
  'Service workers and extensions',
  'Node and other runtimes',
  'Edge runtimes and servers',
  'Types',
  'Electron',
  'Browsers and devices',
];

const WORKS = /^(?:works|one line)/;

const cell = (/** @type {string} */ text) => text.replaceAll('|', String.raw`\|`);

/** @param {readonly Row[]} rows */
export function compatibilityDocument(rows) {
  const strange = rows.find(({ section }) => !SECTIONS.includes(section));
  if (strange !== undefined) throw new Error(`no such section: ${strange.section}`);
  const spared = rows.find(({ outcome, shown }) => WORKS.test(outcome) && !/kill/i.test(shown));
  if (spared !== undefined) throw new Error(`works, and nothing was killed: ${spared.context}`);
  const tables = SECTIONS.map((section) => {
    const missing = (/** @type {Record<string, string[][]>} */ (NOT_MEASURED)[section] ?? []).map(
      ([context = '', why = '']) => ({
        context,
        outcome: 'not measured',
        version: '–',
        shown: why,
        day: '–',
      }),
    );
    const lines = [...rows.filter((row) => row.section === section), ...missing].map(
      ({ context, outcome, version, shown, day }) =>
        `| ${[context, outcome, version, shown, day].map(cell).join(' | ')} |`,
    );
    return `## ${section}

| context | outcome | tested with | what was shown | on |
| --- | --- | --- | --- | --- |
${lines.length === 0 ? '| all of it | not measured | – | – | – |' : lines.join('\n')}
`;
  });
  return `# Where Varve works

<!-- Made by \`npm run test:packaging\` of what it found; not to be edited by hand. -->

Everything here was installed from \`npm pack\` tarballs into a blank project. **works**: no line of
configuration; what was acknowledged was there after its process, or the whole browser, had been killed
while it wrote (judged by the crash kit: acknowledged ≤ recovered ≤ issued). **one line**: the same, with
that line. **refused**: \`openLog\` rejects with that code. **forgets**: it works, and the
browser keeps nothing. **not measured**: nobody looked. Linux, x64; the versions of what a bundler
brings along are the newest that its own manifest allows.

A store belongs to one origin. Another scheme, host or port (a renamed Capacitor scheme, an Electron app
that moves from \`file:\` to a scheme of its own, \`localhost\` instead of \`127.0.0.1\`) is another, empty
one: export and import, or replicate, before such a change. Nothing here needs SharedArrayBuffer, SharedWorker or
response headers.

${tables.join('\n')}`;
}
