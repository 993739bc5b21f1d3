import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { faultOf } from '../fault.ts';
import { createNodeHost } from './index.ts';

const CONTENDER = fileURLToPath(new URL('./contender.fixture.ts', import.meta.url));
const TIMEOUT_MS = 60_000;

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-exclusive-'));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', CONTENDER, folder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

/** The first line that the process prints. */
function said(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (data: Uint8Array) => resolve(String(data).trim()));
    child.once('exit', (code) => reject(new Error(`ended with ${code} and said nothing`)));
  });
}

const exit = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => child.once('exit', () => resolve()));

async function attempt(): Promise<string> {
  try {
    (await createNodeHost(folder).root.openFile('contended', { create: true })).close();
    return 'opened';
  } catch (error) {
    return faultOf(error);
  }
}

test(
  'a killed process loses its file at once; one that is only stopped keeps it',
  async () => {
    const child = start('hold');
    expect(await said(child)).toBe('held');
    expect(await attempt()).toBe('busy');
    child.kill('SIGSTOP');
    expect(await attempt()).toBe('busy');
    const gone = exit(child);
    child.kill('SIGKILL');
    await gone;
    expect(await attempt()).toBe('opened');
    expect(fs.readdirSync(path.join(folder, '.locks'))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a process killed while it claims leaves nothing that keeps others out',
  async () => {
    fs.writeFileSync(path.join(folder, 'start'), '');
    for (let round = 0; round < 6; round++) {
      const child = start('race', '100000');
      expect(await said(child)).toBe('ready');
      await new Promise((resolve) => setTimeout(resolve, 20 + round * 37));
      const gone = exit(child);
      child.kill('SIGKILL');
      await gone;
      fs.rmSync(path.join(folder, 'marker'), { force: true });
      expect(await attempt()).toBe('opened');
    }
  },
  TIMEOUT_MS,
);

test(
  'processes that race for one file never hold it together',
  async () => {
    const racers = Array.from({ length: 4 }, () => start('race', '40'));
    await Promise.all(racers.map(said));
    const answers = racers.map(said);
    fs.writeFileSync(path.join(folder, 'start'), '');
    const inVain = (await Promise.all(answers)).map((answer) =>
      Number(/^tried (\d+) times in vain$/.exec(answer)?.[1]),
    );
    // Each won as often as it wanted to, and not because it was alone.
    expect(inVain.every((tries) => tries >= 0)).toBe(true);
    expect(Math.max(...inVain)).toBeGreaterThan(0);
    expect(fs.readdirSync(path.join(folder, '.locks'))).toEqual([]);
  },
  TIMEOUT_MS,
);

test('a root too deep for a socket address works all the same', async () => {
  const deep = path.join(folder, 'd'.repeat(120), 'e'.repeat(120));
  const first = await createNodeHost(deep).root.openFile('a', { create: true });
  const second = createNodeHost(deep).root.openFile('a', { create: true });
  await expect(second).rejects.toMatchObject({ fault: 'busy' });
  first.close();
});

test('a lock passes from process to process, and dies with its holder', async () => {
  const here = createNodeHost(folder);
  const there = createNodeHost(folder);
  const first = await here.locks.acquire('leader');
  const waiting = there.locks.acquire('leader');
  expect(await there.locks.acquire('leader', { ifAvailable: true })).toBeUndefined();
  first?.release();
  const second = await waiting;
  expect(second).toBeDefined();
  second?.release();
});

test('looking at a root that is not there makes nothing', async () => {
  const absent = path.join(folder, 'absent');
  const { root, witness } = createNodeHost(absent);
  expect(await root.list()).toEqual([]);
  expect(await root.hasFile('a')).toBe(false);
  expect(await root.directory('d', { create: false })).toBeUndefined();
  expect(await witness.list()).toEqual([]);
  await expect(root.openFile('a', { create: false })).rejects.toMatchObject({
    fault: 'not-found',
  });
  expect(fs.existsSync(absent)).toBe(false);
});

test('a witness file that is no entry is an error, never "no such store"', async () => {
  const { witness } = createNodeHost(folder);
  await witness.write('s', { state: 'live', seedId: 'ab', durableLsn: 1, liveSinceMs: 2 });
  for (const text of ['', '{', '{}', '{"state":"dead"}', 'null']) {
    fs.writeFileSync(path.join(folder, '.witness', 's.json'), text);
    await expect(witness.read('s')).rejects.toMatchObject({ fault: 'io' });
  }
});

test('the folders of the host itself cannot be opened or seen through it', async () => {
  const { root } = createNodeHost(folder);
  (await root.openFile('a', { create: true })).close();
  expect(await root.list()).toEqual([{ name: 'a', kind: 'file' }]);
  await expect(root.directory('.locks', { create: true })).rejects.toMatchObject({
    fault: 'denied',
  });
});
