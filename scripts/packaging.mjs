#!/usr/bin/env node
/**
 * `npm run test:packaging`: every context in which Varve is said to work, from packed tarballs; then
 * docs/COMPATIBILITY.md is written from what was found. `-- NAME` runs only the files whose name
 * contains it (bundlers, vite, runtimes, policies, frames, edge, health, extension), and writes nothing;
 * `--reuse` takes the packages as they are built. The rows of a partial run are kept in
 * `.cache/compatibility` all the same, and `--write` makes the document of the newest of each file.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildPackages } from './build.mjs';
import { browserEnvironment, describeBrowsers, findBrowsers } from './browsers.mjs';
import { COMPATIBILITY_DOC, compatibilityDocument } from './build/compatibility-doc.mjs';
import { ensureInstalled } from './install.mjs';
import { contextNames, keptRows, longestFirst, runContexts } from './lib/contexts.mjs';

async function build() {
  for (const { name, wrong } of await buildPackages()) {
    if (wrong.length > 0) throw new Error(`${name} does not build:\n${wrong.join('\n')}`);
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { reuse: { type: 'boolean' }, write: { type: 'boolean' } },
  });
  await ensureInstalled();
  const browsers = await findBrowsers();
  console.log(describeBrowsers(browsers));
  const chosen = contextNames().filter(
    (name) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  );
  // A run that only writes looks at nothing.
  const names = values.write === true && positionals.length === 0 ? [] : longestFirst(chosen);
  if (names.length > 0 && values.reuse !== true) await build();
  const { passed, failures } =
    names.length === 0
      ? { passed: 0, failures: [] }
      : await runContexts(names, browserEnvironment(browsers));
  const isWhole = positionals.length === 0 && failures.length === 0;
  if (values.write === true || isWhole) {
    writeFileSync(COMPATIBILITY_DOC, compatibilityDocument(keptRows()));
    console.log('docs/COMPATIBILITY.md is written.');
  }
  for (const failure of failures) console.log(`✗ ${failure.replaceAll('\n', '\n  ')}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

process.exit(await main());
