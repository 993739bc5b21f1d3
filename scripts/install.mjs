#!/usr/bin/env node
/**
 * Makes `node_modules` match `package-lock.json`; every command calls this first.
 *
 * Always true: when it returns, each package of the lock file that this platform needs is there in
 * the locked version. When that is so already, nothing is run and nothing is fetched.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inRoot } from './lib/root.mjs';
import { runNpm } from './lib/run.mjs';

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {boolean} [devOptional]
 */

/** @returns {Record<string, LockedPackage>} */
function packagesOf(/** @type {string} */ file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/** The first package that is missing or of another version; undefined when all is as locked. */
export function firstDifference() {
  const installed = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(installed)) return 'node_modules';
  const wanted = packagesOf(inRoot('package-lock.json'));
  const found = packagesOf(installed);
  return Object.keys(wanted).find((path) => {
    if (!path.includes('node_modules/')) return false;
    const { version, link, optional } = wanted[path] ?? {};
    const here = found[path];
    if (here === undefined) return optional !== true;
    return (link !== true && here.version !== version) || !existsSync(inRoot(path));
  });
}

/** @throws Error when npm fails */
export async function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Varve's tools need Node 20.19 or newer; this is ${process.versions.node}.`);
  }
  const difference = firstDifference();
  if (difference === undefined) return;
  console.log(`Installing (${difference} is missing or old): npm ci`);
  const { code } = await runNpm(['ci', '--no-audit', '--no-fund']);
  if (code !== 0) {
    // A registry that lacks a binary of some other platform makes `npm ci` refuse the whole file.
    console.log(`npm ci ended with code ${code}; trying npm install with the same lock file`);
    const second = await runNpm(['install', '--no-save', '--no-audit', '--no-fund']);
    if (second.code !== 0) throw new Error(`npm install ended with code ${second.code}`);
  }
  const left = firstDifference();
  if (left !== undefined) throw new Error(`after that, ${left} still differs from the lock file`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled();
  console.log('node_modules is as package-lock.json says.');
}
