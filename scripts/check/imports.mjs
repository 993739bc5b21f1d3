/** What a module imports, statically or not. */
import { parseSync } from 'vite';

/**
 * @typedef {object} Import
 * @property {string} specifier
 * @property {boolean} typeOnly nothing of it is left at run time
 * @property {number} line
 */

/**
 * @param {string} file only its ending matters
 * @param {string} text
 * @returns {Import[]}
 */
export function importsOf(file, text) {
  const { module, errors } = parseSync(file, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  const lineOf = (/** @type {number} */ offset) => text.slice(0, offset).split('\n').length;
  const found = module.staticImports.map(({ moduleRequest, entries, start }) => ({
    specifier: moduleRequest.value,
    typeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
    line: lineOf(start),
  }));
  for (const { entries, start } of module.staticExports) {
    const outward = entries.filter(({ moduleRequest }) => moduleRequest?.value !== undefined);
    for (const specifier of new Set(outward.map((entry) => entry.moduleRequest?.value ?? ''))) {
      const same = outward.filter(({ moduleRequest }) => moduleRequest?.value === specifier);
      found.push({ specifier, typeOnly: same.every(({ isType }) => isType), line: lineOf(start) });
    }
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const written = text.slice(moduleRequest.start, moduleRequest.end);
    const specifier = /^(['"`])([^$]*)\1$/.exec(written)?.[2];
    if (specifier !== undefined) found.push({ specifier, typeOnly: false, line: lineOf(start) });
  }
  // `import('x').Type` is no import statement, but an arrow all the same.
  for (const match of text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)\s*\./g)) {
    found.push({ specifier: match[1] ?? '', typeOnly: true, line: lineOf(match.index) });
  }
  return found;
}
