#!/usr/bin/env node
/**
 * Finds a Chromium and a Firefox, or gets them.
 *
 * Always true:
 * - a path that is returned was started with `--version` and answered
 * - each way is bounded in time; the next way follows when one fails
 * - the environment variable of a browser (VARVE_CHROMIUM, VARVE_FIREFOX) is believed before all
 *   else, and a wrong one is an error, not a reason to look elsewhere
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inRoot } from './lib/root.mjs';
import { node, run } from './lib/run.mjs';

/**
 * What this machine needs to start Chromium: the sandbox refuses to run as root, and a test machine
 * has no graphics card.
 */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * @typedef {object} Browser
 * @property {string} path what to launch
 * @property {string} version
 * @property {string} how which way found it
 */

/** @typedef {{ chromium: Browser | undefined, firefox: Browser | undefined }} Browsers */

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {readonly string[]} names commands of the PATH, or absolute paths
 * @returns {string | undefined}
 */
function onThisMachine(names) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return names
    .flatMap((name) => (/[\\/]/.test(name) ? [name] : folders.map((dir) => join(dir, name))))
    .find(isExecutable);
}

const SYSTEM_CHROMIUM = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const SYSTEM_FIREFOX = [
  'firefox-esr',
  'firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/** Playwright's own Chromium, where it was downloaded before. */
async function ofPlaywright() {
  try {
    const { chromium } = await import('playwright-core');
    const path = chromium.executablePath();
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

async function downloadedByPlaywright() {
  console.log('No Chromium here yet: npx playwright install chromium (at most four minutes)');
  const cli = inRoot('node_modules', 'playwright', 'cli.js');
  const { code } = await run(node, [cli, 'install', 'chromium'], { timeoutMs: 240_000 });
  if (code !== 0) console.log(`  that failed with code ${code}`);
  return code === 0 ? ofPlaywright() : undefined;
}

/**
 * @param {string} name of the Debian package
 * @param {readonly string[]} commands that it brings
 */
async function fromDebian(name, commands) {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return undefined;
  console.log(`Installing Debian's ${name} (at most six minutes)`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2'];
  const update = await run('apt-get', [...wait, '-qq', 'update'], { env, timeoutMs: 120_000 });
  if (update.code !== 0) console.log(`  apt-get update failed with code ${update.code}`);
  const args = [...wait, '-qq', 'install', '-y', '--no-install-recommends', name];
  const { code } = await run('apt-get', args, { env, timeoutMs: 240_000 });
  if (code !== 0) console.log(`  apt-get install failed with code ${code}`);
  return code === 0 ? onThisMachine(commands) : undefined;
}

/** @param {string} path */
async function versionOf(path) {
  const answer = await run(path, ['--version'], { quiet: true, timeoutMs: 20_000 });
  return answer.code === 0 ? /\d+(\.\d+)+\S*/.exec(answer.output)?.[0] : undefined;
}

/**
 * @param {string} variable
 * @param {readonly [how: string, way: () => string | undefined | Promise<string | undefined>][]} ways
 * @returns {Promise<Browser | undefined>}
 */
async function firstThatStarts(variable, ways) {
  const chosen = process.env[variable];
  if (chosen !== undefined && chosen !== '') {
    const version = await versionOf(chosen);
    if (version === undefined) throw new Error(`${variable}=${chosen} does not start`);
    return { path: chosen, version, how: variable };
  }
  for (const [how, way] of ways) {
    const path = await way();
    const version = path && (await versionOf(path));
    if (path && version) return { path, version, how };
    if (path) console.log(`  ${path} does not start`);
  }
  return undefined;
}

/**
 * @param {{ get?: boolean }} [options] `get: false` only looks
 * @returns {Promise<Browsers>}
 */
export async function findBrowsers({ get = true } = {}) {
  const chromium = await firstThatStarts('VARVE_CHROMIUM', [
    ["Playwright's own", ofPlaywright],
    ["the system's", () => onThisMachine(SYSTEM_CHROMIUM)],
    ['downloaded by Playwright', () => (get ? downloadedByPlaywright() : undefined)],
    ['Debian package', () => (get ? fromDebian('chromium', SYSTEM_CHROMIUM) : undefined)],
  ]);
  const firefox = await firstThatStarts('VARVE_FIREFOX', [
    ["the system's", () => onThisMachine(SYSTEM_FIREFOX)],
    ['Debian package', () => (get ? fromDebian('firefox-esr', SYSTEM_FIREFOX) : undefined)],
  ]);
  return { chromium, firefox };
}

/**
 * The environment by which every tool and test of this repository learns of the browsers.
 * @param {Browsers} browsers
 */
export function browserEnvironment({ chromium, firefox }) {
  return {
    ...(chromium && { VARVE_CHROMIUM: chromium.path }),
    ...(firefox && { VARVE_FIREFOX: firefox.path }),
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
  };
}

/** @param {Browsers} browsers */
export function describeBrowsers({ chromium, firefox }) {
  const line = (/** @type {string} */ name, /** @type {Browser | undefined} */ browser) =>
    browser
      ? `${name} ${browser.version} (${browser.how}: ${browser.path})`
      : `${name}: NONE. Its tests do not run. Set VARVE_${name.toUpperCase()} to the path of one.`;
  return `${line('Chromium', chromium)}\n${line('Firefox', firefox)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const browsers = await findBrowsers({ get: !process.argv.includes('--look') });
  console.log(describeBrowsers(browsers));
  process.exitCode = browsers.chromium ? 0 : 1;
}
