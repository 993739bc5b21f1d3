/**
 * An empty folder, away from the repository, with packages as npm installed them from their tarballs.
 * It installed them once for all projects (`pack.ts`): each has a copy of those it asks for.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inject, onTestFinished } from 'vitest';

const execute = promisify(execFile);

export interface BlankProject {
  readonly folder: string;
  /** Runs a program in the folder; rejects, with all that it printed, when it ends badly. */
  run(command: string, ...args: readonly string[]): Promise<string>;
}

/** Where npm puts them, below `node_modules`. */
const PLACES = { varve: ['varve'], cli: ['@varve/cli', '.bin'], crashkit: ['@varve/crashkit'] };

/** Puts packages, as npm installed them from `tarballs`, below `folder`. */
export async function putPackages(tarballs: readonly string[], folder: string): Promise<void> {
  for (const place of Object.entries(inject('tarballs')).flatMap(([name, tarball]) =>
    tarballs.includes(tarball) ? PLACES[name as keyof typeof PLACES] : [],
  )) {
    const path = join('node_modules', place);
    const options = { recursive: true, verbatimSymlinks: true };
    await cp(join(inject('installed'), path), join(folder, path), options);
  }
}

/** Gone when the test is over. */
export async function blankProject(
  tarballs: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<BlankProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'varve-blank-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const manifest = { name: 'blank', version: '1.0.0', private: true, type: 'module' };
  const all = { 'package.json': JSON.stringify(manifest), ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const run: BlankProject['run'] = async (command, ...args) => {
    try {
      const { stdout } = await execute(command, args, { cwd: folder, timeout: 60_000 });
      return stdout;
    } catch (error) {
      const { message, stdout = '', stderr = '' } = error as Error & Record<string, string>;
      throw new Error(`${message}\n${stdout}\n${stderr}`, { cause: error });
    }
  };
  await putPackages(tarballs, folder);
  return { folder, run };
}
