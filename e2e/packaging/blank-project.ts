/** An empty folder, away from the repository, into which tarballs are installed without a network. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const execute = promisify(execFile);

export interface BlankProject {
  readonly folder: string;
  /** Runs a program in the folder; rejects, with all that it printed, when it ends badly. */
  run(command: string, ...args: readonly string[]): Promise<string>;
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
  // Offline: had a package a dependency that is not inside it, this would fail.
  await run('npm', 'install', '--offline', '--no-audit', '--no-fund', '--silent', ...tarballs);
  return { folder, run };
}
