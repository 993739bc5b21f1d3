#!/usr/bin/env node
/**
 * docs/api: what each public package exports, made from its packed declarations. A change of it shows
 * in a review as a change of these files. Run by itself it writes them.
 *
 * Always true: every declaration that an exported name reaches is there, without comments, and
 * nothing else is.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inRoot } from '../lib/root.mjs';

const API_DOCS = inRoot('docs', 'api');

/** Folder below `packages` → the name it is published by. */
const PUBLIC = { varve: 'varve', cli: '@varve/cli', crashkit: '@varve/crashkit' };

const withoutComments = (/** @type {string} */ text) =>
  text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').replaceAll(/^\s*\n/gm, '');

/**
 * The statements of a declaration file: each begins in the first column, and all that follows up to the
 * next such line belongs to it.
 * @param {string} text
 */
export const statementsOf = (text) =>
  withoutComments(text)
    .split(/\n(?=[^\s}\])])/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');

const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|let|function|enum) ([\w$]+)/;
const REEXPORT = /^export (?:type )?(?:\*|\{([^}]*)\}) from '([^']+)'/;

/** @param {string} file */
const read = (file) => readFileSync(file, 'utf8');

const targetOf = (/** @type {string} */ file, /** @type {string} */ specifier) =>
  join(dirname(file), specifier.replace(/\.js$/, '.d.ts'));

/**
 * Exported name → the name by which it is declared.
 * @param {string} file
 * @returns {Map<string, string>}
 */
function exportsOf(file) {
  const found = new Map();
  for (const statement of statementsOf(read(file))) {
    const [, list, specifier] = REEXPORT.exec(statement) ?? [];
    if (specifier !== undefined && list === undefined) {
      for (const [name, own] of exportsOf(targetOf(file, specifier))) found.set(name, own);
      continue;
    }
    const named = list ?? /^export \{([^}]*)\}/.exec(statement)?.[1];
    for (const item of named?.split(',') ?? []) {
      const [own = '', name = own] = item
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      if (own !== '' && own !== 'default') found.set(name, own);
    }
    const declared = statement.startsWith('export ') ? DECLARED.exec(statement)?.[1] : undefined;
    if (declared !== undefined) found.set(declared, declared);
  }
  return found;
}

/**
 * Name → the statements that declare it, overloads included.
 * @param {string} folder
 */
function declarationsIn(folder) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.d.ts'))
    .sort();
  for (const path of files) {
    for (const statement of statementsOf(read(join(folder, path)))) {
      const name = DECLARED.exec(statement)?.[1];
      if (name !== undefined)
        found.set(name, (found.get(name) ?? new Set()).add(statement.replace(/^export /, '')));
    }
  }
  return found;
}

/**
 * @param {string} folder below `packages`, with a built `dist`
 * @param {string} title
 */
export function apiReport(folder, title) {
  const dist = inRoot('packages', folder, 'dist');
  const manifest = JSON.parse(read(join(dist, 'package.json')));
  const declarations = declarationsIn(join(dist, 'types'));
  /** @type {string[]} */
  const entries = [];
  /** @type {string[]} */
  const open = [];
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (target.types === undefined) continue;
    const names = exportsOf(join(dist, target.types));
    open.push(...names.values());
    const listed = [...names.keys()].sort().map((name) => `\`${name}\``);
    entries.push(`- \`${join(title, subpath)}\`: ${listed.join(', ') || 'a script'}`);
  }
  const reached = new Set();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name) || !declarations.has(name)) continue;
    reached.add(name);
    for (const statement of declarations.get(name) ?? [])
      open.push(...(statement.match(/[A-Za-z_$][\w$]*/g) ?? []));
  }
  const texts = [...reached].sort().flatMap((name) => [...(declarations.get(name) ?? [])]);
  return `# ${title}: what it exports

<!-- Made by \`node scripts/check/api-report.mjs\` from the packed declarations. -->

${entries.join('\n')}

\`\`\`ts
${texts.join('\n\n')}
\`\`\`
`;
}

const reports = () =>
  Object.entries(PUBLIC).map(
    ([folder, title]) =>
      /** @type {const} */ ([join(API_DOCS, `${folder}.md`), apiReport(folder, title)]),
  );

/** @returns {string[]} what is wrong with docs/api; the packages are built */
export const oldReports = () =>
  reports().flatMap(([file, expected]) => {
    let found = '';
    try {
      found = read(file);
    } catch {
      // It is missing, which is a difference, too.
    }
    return found === expected
      ? []
      : [`docs/api/${basename(file)} is old: node scripts/check/api-report.mjs`];
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { buildPackages } = await import('../build.mjs');
  if (!process.argv.includes('--reuse')) await buildPackages();
  mkdirSync(API_DOCS, { recursive: true });
  for (const [file, text] of reports()) writeFileSync(file, text);
  console.log('docs/api is written.');
}
