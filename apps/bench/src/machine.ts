/** What the figures were measured on, in general words: no names of hosts, users or folders. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem, type as systemType } from 'node:os';
import type { Lane } from './lane.ts';

export interface Machine {
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly lanes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly packages: Readonly<Record<string, string>>;
}

const PACKAGES = [
  'varve',
  'idb',
  'dexie',
  'localforage',
  '@sqlite.org/sqlite-wasm',
  '@journeyapps/wa-sqlite',
  '@electric-sql/pglite',
  'better-sqlite3',
  'classic-level',
  'lmdb',
  'playwright-core',
  'vite',
];

export function machine(lanes: readonly Lane[]): Machine {
  return {
    system: `${systemType()} ${release().split('-')[0]}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    lanes: Object.fromEntries(lanes.map(({ name, engine, notes }) => [name, { engine, ...notes }])),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  };
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const { version } = JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as {
        version: string;
      };
      return version;
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  return 'absent';
}
