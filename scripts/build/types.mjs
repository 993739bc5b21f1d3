/**
 * Declarations of a public package, with those of the internal packages that they mention.
 *
 * Always true: below `dist/types` every import is relative and ends in `.js`, and nothing that the
 * entries do not reach is there.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { CACHE, inRoot } from '../lib/root.mjs';
import { node, run } from '../lib/run.mjs';
import { workspaceEntries } from './workspace.mjs';

const SPECIFIER = /((?:\bfrom|\bimport)\s*\(?\s*)(['"])([^'"\n]+)\2/g;

/** `Symbol.asyncDispose` is named by the interfaces; not every `lib` of a user knows it. */
const REFERENCE = '/// <reference lib="esnext.disposable" />\n';

const posix = (/** @type {string} */ path) => path.split(sep).join('/');

/**
 * @param {Record<string, string>} entries name of the published declaration, source
 * @param {string} dist
 * @param {RegExp} [peers] packages that a user brings
 * @returns {Promise<string[]>} what is wrong
 */
export async function emitTypes(entries, dist, peers) {
  const work = join(CACHE, 'types', posix(relative(inRoot(), dist)).replaceAll('/', '-'));
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const known = workspaceEntries();
  const config = join(work, 'tsconfig.json');
  const out = join(work, 'out');
  writeFileSync(
    config,
    JSON.stringify({
      extends: posix(relative(work, inRoot('tsconfig.json'))),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        outDir: out,
        rootDir: inRoot('packages'),
        lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
        types: ['node'],
        typeRoots: [inRoot('node_modules', '@types')],
        // Sources found through node_modules would count as somebody else's, and not be emitted.
        paths: Object.fromEntries([...known].map(([name, file]) => [name, [file]])),
      },
      files: Object.values(entries),
    }),
  );
  const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await run(node, [tsc, '-p', config], { quiet: true });
  if (code !== 0) return output.trim().split('\n');
  const emitted = (/** @type {string} */ source) =>
    join(out, relative(inRoot('packages'), source).replace(/\.ts$/, '.d.ts'));

  /** @type {string[]} */
  const wrong = [];
  const seen = new Set();
  const queue = Object.values(entries).map(emitted);
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const here = dirname(file);
    const text = readFileSync(file, 'utf8').replaceAll(
      SPECIFIER,
      (all, before, quote, specifier) => {
        const source = known.get(specifier);
        const target =
          source === undefined ? join(here, specifier.replace(/\.ts$/, '.d.ts')) : emitted(source);
        if (source === undefined && !specifier.startsWith('.')) {
          const brought = specifier.startsWith('node:') || peers?.test(specifier) === true;
          if (!brought) wrong.push(`types mention the package ${specifier}`);
          return all;
        }
        if (!existsSync(target)) wrong.push(`${file} mentions ${specifier}, which has no types`);
        queue.push(target);
        const path = posix(relative(here, target)).replace(/\.d\.ts$/, '.js');
        return `${before}${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
      },
    );
    const place = join(dist, 'types', relative(out, file));
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, (text.includes('Symbol.asyncDispose') ? REFERENCE : '') + text);
  }
  for (const [name, source] of Object.entries(entries)) {
    const target = posix(
      relative(join(dist, dirname(name)), join(dist, 'types', relative(out, emitted(source)))),
    );
    const path = `./${target.replace(/\.d\.ts$/, '.js')}`.replace('./../', '../');
    const file = join(dist, `${name}.d.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `export * from '${path}';\n`);
  }
  return wrong;
}
