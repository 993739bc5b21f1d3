import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { createMemoryHost, MemoryInbox } from '../memory/index.ts';
import { createNodeHost } from '../node/index.ts';
import { PROFILES, SimulatedDisk, type Profile } from '../simulated/index.ts';
import { conformanceCases } from './index.ts';

describe('memory', () => {
  const host = createMemoryHost({ inbox: new MemoryInbox() });
  const cases = conformanceCases(() => host, undefined, { inbox: true });
  for (const { name, run } of cases) test(name, run);
});

describe.each(Object.keys(PROFILES) as Profile[])('simulated, %s', (profile) => {
  const disk = new SimulatedDisk({ profile, seed: 11 });
  const passTime = (ms: number): Promise<void> => disk.advanceAsync(ms);
  for (const { name, run } of conformanceCases(() => disk.host(), passTime)) test(name, run);
});

describe('node', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-conformance-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
  const host = createNodeHost(folder);
  for (const { name, run } of conformanceCases(() => host)) test(name, run);
});
