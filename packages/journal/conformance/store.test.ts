import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createMemoryHost } from '@varve/files/memory';
import { createNodeHost } from '@varve/files/node';
import { SimulatedDisk } from '@varve/files/simulated';
import { afterAll, describe, test } from 'vitest';
import { storeCases } from './store-cases.ts';

describe('a store in memory', () => {
  const host = createMemoryHost();
  for (const { name, run } of storeCases(() => host, 'store')) test(name, run);
});

describe('a store on the simulated disk', () => {
  const disk = new SimulatedDisk({ seed: 3, record: false });
  for (const { name, run } of storeCases(() => disk.host(), 'store')) test(name, run);
});

describe('a store in Node files', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-store-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
  const host = createNodeHost(folder);
  for (const { name, run } of storeCases(() => host, 'store')) test(name, run, 30_000);
});
