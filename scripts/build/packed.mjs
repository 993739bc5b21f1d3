/**
 * The public packages as a publisher would pack them, and as npm installs them: once for all tests that
 * need them. They are built before.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI_DIST, CRASHKIT_DIST, VARVE_DIST } from '../build.mjs';
import { runNpm } from '../lib/run.mjs';

/** @param {string} cwd @param {readonly string[]} args */
async function npm(cwd, args) {
  const { code, output } = await runNpm(args, { cwd, quiet: true });
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with code ${code}:\n${output}`);
}

/**
 * What lies in `folder` after {@link packPackages}.
 * @param {string} folder
 */
export function packedIn(folder) {
  const files = readdirSync(folder);
  const tarball = (/** @type {RegExp} */ pattern) => {
    const file = files.find((name) => pattern.test(name));
    if (file === undefined) throw new Error(`npm pack made ${files.join(', ')}`);
    return join(folder, file);
  };
  const tarballs = {
    varve: tarball(/^varve-\d.*\.tgz$/),
    cli: tarball(/^varve-cli-.*\.tgz$/),
    crashkit: tarball(/^varve-crashkit-.*\.tgz$/),
  };
  return { tarballs, installed: join(folder, 'installed') };
}

/**
 * @param {string} folder an empty one, away from the repository, so that nothing is found in its
 * node_modules by accident
 */
export async function packPackages(folder) {
  await npm(folder, [
    'pack',
    '--silent',
    '--pack-destination',
    folder,
    ...[VARVE_DIST, CLI_DIST, CRASHKIT_DIST],
  ]);
  const { tarballs, installed } = packedIn(folder);
  mkdirSync(installed);
  writeFileSync(join(installed, 'package.json'), '{ "name": "blank", "private": true }');
  // Offline: had a package a dependency that is not inside it, this would fail.
  const options = ['--offline', '--no-audit', '--no-fund', '--silent'];
  await npm(installed, ['install', ...options, ...Object.values(tarballs)]);
}
