/**
 * Before all tests: builds the public packages and packs them, as a publisher would. Whoever has just
 * built them says so by VARVE_BUILT=1, and whoever has packed them, too, where, by VARVE_PACKED.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildPackages } from '../../scripts/build.mjs';
import { packedIn, packPackages } from '../../scripts/build/packed.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of the tarballs. */
    tarballs: { readonly varve: string; readonly cli: string; readonly crashkit: string };
    /** A folder into which npm installed them. */
    installed: string;
  }
}

function provide(project: TestProject, folder: string): void {
  const { tarballs, installed } = packedIn(folder);
  project.provide('tarballs', tarballs);
  project.provide('installed', installed);
}

export default async function pack(project: TestProject): Promise<() => Promise<void>> {
  const { VARVE_BUILT, VARVE_PACKED } = process.env;
  if (VARVE_PACKED !== undefined) {
    provide(project, VARVE_PACKED);
    return async () => undefined;
  }
  const built = VARVE_BUILT === '1' ? [] : await buildPackages();
  for (const { name, wrong } of built) {
    if (wrong.length > 0) throw new Error(`${name} does not build:\n${wrong.join('\n')}`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'varve-packed-'));
  await packPackages(folder);
  provide(project, folder);
  return () => rm(folder, { recursive: true, force: true });
}
