#!/usr/bin/env node
/** docs/ERRORS.md, made from `ERROR_CODES`. Run by itself it writes the file. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { inRoot } from '../lib/root.mjs';

export const ERRORS_DOC = inRoot('docs', 'ERRORS.md');

/** @returns {Promise<string>} */
export async function errorsDocument() {
  const source = inRoot('packages', 'protocol', 'src', 'errors.ts');
  const { ERROR_CODES } = await tsImport(source, import.meta.url);
  const rows = Object.entries(ERROR_CODES)
    .sort(([one], [two]) => (one < two ? -1 : 1))
    .map(
      ([code, meaning]) => `| \`${code}\` | ${String(meaning).replaceAll('|', String.raw`\|`)} |`,
    );
  return `# Errors

<!-- Made by \`node scripts/check/errors-doc.mjs\` from packages/protocol/src/errors.ts. -->

Whatever goes wrong in Varve reaches you as a \`VarveError\`: a stable \`code\`, plain \`facts\` (LSN
ranges, limits, names), the \`cause\` where there is one. On an append's error, \`outcome\` says what
became of it: \`'not-written'\` is a promise; \`'unknown'\` asks you to look before you repeat.
Messages may change between versions, codes and the names of facts may not.

| code | meaning |
| --- | --- |
${rows.join('\n')}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(ERRORS_DOC, await errorsDocument());
  console.log('docs/ERRORS.md is written.');
}
