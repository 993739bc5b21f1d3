/**
 * Before all tests: builds the public packages and packs them, as a publisher would. Whoever has just
 * built them says so by VARVE_BUILT=1.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { buildPackages, CLI_DIST, CRASHKIT_DIST, VARVE_DIST } from '../../scripts/build.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of the tarballs. */
    tarballs: { readonly varve: string; readonly cli: string; readonly crashkit: string };
    /** A folder into which npm installed them. */
    installed: string;
  }
}

const execute = promisify(execFile);

export default async function pack(project: TestProject): Promise<() => Promise<void>> {
  const built = process.env['VARVE_BUILT'] === '1' ? [] : await buildPackages();
  for (const { name, wrong } of built) {
    if (wrong.length > 0) throw new Error(`${name} does not build:\n${wrong.join('\n')}`);
  }
  // Away from the repository, so that nothing is found in its node_modules by accident.
  const folder = await mkdtemp(join(tmpdir(), 'varve-packed-'));
  for (const dist of [VARVE_DIST, CLI_DIST, CRASHKIT_DIST]) {
    await execute('npm', ['pack', '--silent', '--pack-destination', folder, dist]);
  }
  const files = await readdir(folder);
  const tarball = (pattern: RegExp): string => {
    const file = files.find((name) => pattern.test(name));
    if (file === undefined) throw new Error(`npm pack made ${files.join(', ')}`);
    return join(folder, file);
  };
  const tarballs = {
    varve: tarball(/^varve-\d.*\.tgz$/),
    cli: tarball(/^varve-cli-.*\.tgz$/),
    crashkit: tarball(/^varve-crashkit-.*\.tgz$/),
  };
  project.provide('tarballs', tarballs);
  const installed = join(folder, 'installed');
  await mkdir(installed);
  await writeFile(join(installed, 'package.json'), '{ "name": "blank", "private": true }');
  // Offline: had a package a dependency that is not inside it, this would fail.
  const options = ['--offline', '--no-audit', '--no-fund', '--silent'];
  await execute('npm', ['install', ...options, ...Object.values(tarballs)], { cwd: installed });
  project.provide('installed', installed);
  return () => rm(folder, { recursive: true, force: true });
}
