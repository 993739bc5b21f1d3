/**
 * A project of a stranger, with a bundler or a runtime of an exact version, and the packed `varve`.
 *
 * Always true:
 * - it lies away from the repository: nothing is found in a folder above it by accident
 * - what comes from the registry is installed once for each set of versions, and kept between runs;
 *   everything else in the folder is made anew; the packed packages as npm installed them (`../pack.ts`)
 * - two files that run side by side share no folder
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../../scripts/lib/root.mjs';
import { run, runNpm } from '../../../scripts/lib/run.mjs';
import { putPackages } from '../blank-project.ts';

/** Name → exact version. */
export type Packages = Readonly<Record<string, string>>;

export interface Workshop {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Runs a program there; rejects, with all that it printed, when it ends badly. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** The file of a package's program. */
  program(path: string): string;
}

const INSTALL_DEADLINE_MS = 300_000;
const RUN_DEADLINE_MS = 240_000;
const KEPT = new Set(['node_modules', 'package.json', 'package-lock.json', '.complete']);
const QUIET = ['--no-audit', '--no-fund', '--silent'];

const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 10);

function workshopFolder(packages: Packages): string {
  const parent =
    process.env['VARVE_PACKAGING_CACHE'] ?? join(tmpdir(), `varve-packaging-${shortHash(ROOT)}`);
  const file = process.env['VARVE_PACKAGING_FILE'] ?? 'alone';
  const [first = 'blank'] = Object.keys(packages);
  return join(
    parent,
    file,
    `${first.replaceAll(/\W+/g, '-')}-${shortHash(JSON.stringify(packages))}`,
  );
}

async function npm(folder: string, args: readonly string[]): Promise<void> {
  const options = { cwd: folder, quiet: true, timeoutMs: INSTALL_DEADLINE_MS } as const;
  const { code, output } = await runNpm(args, options);
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with code ${code}:\n${output}`);
}

async function installed(packages: Packages): Promise<string> {
  const folder = workshopFolder(packages);
  if (existsSync(join(folder, '.complete'))) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const manifest = { name: 'blank', version: '1.0.0', private: true, type: 'module' };
  const text = JSON.stringify({ ...manifest, dependencies: packages }, null, 2);
  await writeFile(join(folder, 'package.json'), text);
  await npm(folder, ['install', '--ignore-scripts', '--prefer-offline', ...QUIET]);
  await writeFile(join(folder, '.complete'), '');
  return folder;
}

/** @throws when the registry does not give the packages and no earlier run got them */
export async function workshop(
  packages: Packages,
  tarballs: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<Workshop> {
  const folder = await realpath(await installed(packages));
  for (const name of await readdir(folder)) {
    if (!KEPT.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
  // What a bundler keeps beside the packages, and the packages of the last run.
  for (const name of ['.vite', '.cache', 'varve', '@varve', '.bin/varve']) {
    await rm(join(folder, 'node_modules', name), { recursive: true, force: true });
  }
  await putPackages(tarballs, folder);
  const self: Workshop = {
    folder,
    async write(given) {
      for (const [path, text] of Object.entries(given)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
    },
    async run(command, ...args) {
      const options = { cwd: folder, quiet: true, timeoutMs: RUN_DEADLINE_MS, env: QUIET_TOOLS };
      const { code, output } = await run(command, args, options);
      if (code !== 0) throw new Error(`${command} ${args.join(' ')}: code ${code}\n${output}`);
      return output;
    },
    program: (path) => join(folder, 'node_modules', path),
  };
  await self.write(files);
  return self;
}

/** Tools that report home or colour what they print. */
export const QUIET_TOOLS = {
  NEXT_TELEMETRY_DISABLED: '1',
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  // A test runner's own would make a bundler build for tests.
  NODE_ENV: undefined,
  VITEST: undefined,
} as const;
