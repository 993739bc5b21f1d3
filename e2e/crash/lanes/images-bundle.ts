/** A lane's worker (by default the image lane's) as one file on disk, from the sources as they are or with one planted bug. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlantedBug } from '@varve/journal/crash';
import { bundle } from '@varve/journal/crash/bundle';

const IMAGES = new URL('images-worker.ts', import.meta.url);

export interface WorkerFile {
  readonly path: string;
  remove(): void;
}

export async function bundleWorker(bug?: PlantedBug, entry = IMAGES): Promise<WorkerFile> {
  const code = await bundle(fileURLToPath(entry), bug);
  const folder = mkdtempSync(join(tmpdir(), 'varve-images-'));
  const path = join(folder, 'worker.mjs');
  writeFileSync(path, code);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
