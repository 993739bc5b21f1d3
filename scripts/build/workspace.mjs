/** The public packages, and where the sources of every workspace package lie. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from '../lib/root.mjs';

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {string} description
 * @property {Record<string, string>} [exports]
 * @property {Record<string, string>} [bin]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional: boolean }>} [peerDependenciesMeta]
 */

/** @param {string} folder @returns {Manifest} */
export const manifestOf = (folder) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Folders of all packages under `packages/`. */
export function packageFolders() {
  const parent = inRoot('packages');
  return readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((folder) => existsSync(join(folder, 'package.json')));
}

/**
 * Each importable name of the workspace, with the absolute path of its source.
 * @returns {Map<string, string>}
 */
export function workspaceEntries() {
  const entries = new Map();
  for (const folder of packageFolders()) {
    const { name, exports = {} } = manifestOf(folder);
    for (const [subpath, source] of Object.entries(exports)) {
      const file = join(folder, source);
      if (existsSync(file)) entries.set(join(name, subpath).replaceAll('\\', '/'), file);
    }
  }
  return entries;
}
