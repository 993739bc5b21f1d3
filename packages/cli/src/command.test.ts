/** The command as a user runs it: a process, its output, its exit code. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeU16, writeU32, xxh32 } from '@varve/bytes';
import { SUPERBLOCK_BYTES, SUPERBLOCK_LAYOUT, SUPERBLOCK_PLACES } from '@varve/journal';
import { LAST_LSN, makeStore, open, UNIT_BYTES, UNIT_LSN } from './test-stores.ts';

const BIN = fileURLToPath(new URL('../bin/varve.mjs', import.meta.url));
const TIMEOUT_MS = 120_000;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly bytes: Buffer;
  readonly err: string;
}

const varve = (...args: string[]): Promise<Ended> => run(program, args);

function run(script: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: folder });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => err.push(data));
    child.on('error', reject);
    child.on('close', (code) => {
      const bytes = Buffer.concat(out);
      resolve({ code, bytes, out: String(bytes), err: String(Buffer.concat(err)) });
    });
  });
}

/** One file of the sources as they are: from a checkout each run compiles them anew. */
async function bundled(): Promise<string> {
  const input = fileURLToPath(new URL('index.ts', import.meta.url));
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'es', codeSplitting: false });
  const script = path.join(folder, 'program', 'varve.mjs');
  fs.mkdirSync(path.dirname(script));
  fs.copyFileSync(new URL('../package.json', import.meta.url), at('program', 'package.json'));
  fs.writeFileSync(
    script,
    `${output[0].code}\nprocess.exitCode = await main(process.argv.slice(2));\n`,
  );
  return script;
}

let folder: string;
let root: string;
let program: string;
const at = (...parts: string[]): string => path.join(folder, ...parts);
const journal = (name: string): string => at('root', name, 'journal');
const sha = (file: string): string =>
  createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** Every name below `dir`, with its contents. */
function everything(dir: string): string[] {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((name) => (fs.statSync(name).isFile() ? `${name} ${sha(name)}` : name))
    .sort();
}

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-cli-'));
  root = at('root');
  program = await bundled();
  await makeStore(root, 'log');
  await makeStore(root, 'damaged');
  const bytes = fs.readFileSync(journal('damaged'));
  bytes[131_072 + 300]! ^= 4;
  fs.writeFileSync(journal('damaged'), bytes);
  await makeStore(root, 'newer');
  const newer = fs.readFileSync(journal('newer'));
  fs.writeFileSync(at('foreign.png'), Buffer.from('89504e470d0a1a0a', 'hex'));
  fs.writeFileSync(at('empty'), '');
  fs.writeFileSync(at('short'), newer.subarray(0, 200));
}, TIMEOUT_MS);

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('the varve command', { timeout: TIMEOUT_MS }, () => {
  test('in a checkout it runs from the sources', async () => {
    const [sources, built] = [await run(BIN, ['stores', root]), await varve('stores', root)];
    expect(sources.code).toBe(0);
    expect(built.out).toBe(sources.out);
  });

  test('inspect, verify and dump change nothing on disk', async () => {
    const before = everything(root);
    for (const args of [
      ['inspect', root, 'log'],
      ['verify', root, 'log'],
      ['dump', root, 'log'],
    ]) {
      expect((await varve(...args)).code).toBe(0);
    }
    expect((await varve('verify', root, 'damaged')).code).toBe(1);
    expect((await varve('stores', root)).code).toBe(0);
    expect(everything(root)).toEqual(before);
  });

  test('inspect shows superblocks, slots, recovery and the batches of a slot, without colour in a pipe', async () => {
    const { out } = await varve('inspect', at('root', 'log'), '--slot', '0');
    for (const text of [
      'Superblocks',
      'Slots',
      'sealed',
      'tail',
      'clean-end',
      'Batches of slot 0',
    ]) {
      expect(out).toContain(text);
    }
    expect(out).not.toContain('\u001b');
    const { out: json } = await varve('inspect', root, 'log', '--json', '--slot', '0');
    const facts = JSON.parse(json) as Record<string, never>;
    expect(facts).toMatchObject({
      store: 'log',
      kind: 'store',
      recovery: { verdict: 'clean' },
      slot: 0,
    });
    expect((facts['batches'] as unknown[]).length).toBeGreaterThan(3);
  });

  test('verify says where the damage is and what it costs', async () => {
    const { code, out } = await varve('verify', root, 'damaged', '--json');
    expect(code).toBe(1);
    const report = JSON.parse(out) as { ok: boolean; damage: { offset: number; lsns: object }[] };
    expect(report.ok).toBe(false);
    const [damage] = report.damage;
    expect(damage!.offset).toBeGreaterThanOrEqual(131_072);
    expect(damage!.offset).toBeLessThanOrEqual(131_372);
    expect(damage!.lsns).toMatchObject({ from: expect.any(Number) as number });
    expect((await varve('verify', root, 'damaged')).out).toMatch(/lost: LSN \d+/);
  });

  test('dump prints every record as JSON; a range, a type, raw bytes, one payload', async () => {
    const { out } = await varve('dump', root, 'log');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ lsn }) => lsn)).toEqual(Array.from({ length: LAST_LSN }, (_, i) => i + 1));
    expect(lines[3]).toMatchObject({
      type: 65,
      channel: 0,
      value: { i: 3, at: { $date: '1970-01-01T00:00:00.003Z' } },
    });
    expect(lines.at(-1)).toMatchObject({ base64: '/wEC' });
    const some = await varve(
      'dump',
      root,
      'log',
      '--from',
      '5',
      '--to',
      '9',
      '--type',
      '64',
      '--raw',
    );
    expect(
      some.out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { lsn: number }).lsn),
    ).toEqual([5, 7, 9]);
    const payload = await varve('dump', root, 'log', '--payload', String(UNIT_LSN));
    expect(payload.bytes.length).toBe(UNIT_BYTES);
    expect(payload.bytes.at(-1)).toBe(5);
  });

  test('dump goes on behind damage, names it on stderr and ends with 1', async () => {
    const { code, out, err } = await varve('dump', root, 'damaged');
    expect(code).toBe(1);
    expect(err).toMatch(/LSN \d+ .*missing/);
    const lsns = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { lsn: number }).lsn);
    expect(lsns.at(-1)).toBe(LAST_LSN);
    expect(lsns.length).toBeLessThan(LAST_LSN);
  });

  test('an export verifies, imports, and holds the same records; a taken name is refused', async () => {
    const file = at('log.varve');
    expect((await varve('export', root, 'log', '-o', file)).code).toBe(0);
    expect((await varve('verify', file)).code).toBe(0);
    expect((await varve('import', file, at('elsewhere'), 'copy')).code).toBe(0);
    const [first, second] = [
      await varve('dump', root, 'log'),
      await varve('dump', at('elsewhere')),
    ];
    expect(second.out).toBe(first.out);
    expect((await varve('import', file, at('elsewhere'), 'copy')).code).toBe(2);
    expect((await varve('export', root, 'log', '-o', file)).err).toContain('--force');
    const stdout = await varve('export', root, 'log', '-o', '-');
    expect(stdout.bytes.equals(fs.readFileSync(file))).toBe(true);
    const opened = await open(at('elsewhere'), 'copy');
    expect(opened.status().lastLsn).toBe(LAST_LSN);
    await opened.close();
    expect(fs.readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('a damaged export is refused and nothing of it is left', async () => {
    const file = at('damaged.varve');
    expect((await varve('export', root, 'damaged', '-o', file)).code).toBe(0);
    const { code, err } = await varve('import', file, at('refused'), 'copy');
    expect([code, err]).toEqual([1, expect.stringContaining('CORRUPT') as string]);
    expect((await varve('stores', at('refused'))).out).toContain('holds no store');
  });

  test('an open store: verify and export say that it is in use, inspect shows a moment of it', async () => {
    const store = await open(root, 'log');
    try {
      const [verify, exported, inspect] = [
        await varve('verify', root, 'log'),
        await varve('export', root, 'log', '-o', at('busy.varve')),
        await varve('inspect', root, 'log'),
      ];
      expect([verify.code, exported.code, inspect.code]).toEqual([4, 4, 0]);
      expect(verify.err).toContain('open in another process');
      expect(inspect.err).toContain('open in another process');
      expect(fs.existsSync(at('busy.varve'))).toBe(false);
    } finally {
      await store.close();
    }
  });

  test.each([
    ['no command', [], 2],
    ['an unknown command', ['frobnicate'], 2],
    ['a name of Object.prototype', ['constructor'], 2],
    ['an unknown option', ['verify', 'x', '--fast'], 2],
    ['nothing of that name', ['verify', 'nothing-here'], 2],
    ['several stores and no name', ['verify', 'root'], 2],
    ['an LSN that is none', ['dump', 'root', 'log', '--from', '1e3'], 2],
    ['a slot that is none', ['inspect', 'root', 'log', '--slot', '999'], 2],
    ['a foreign file', ['verify', 'foreign.png'], 3],
    ['an empty file', ['verify', 'empty'], 3],
    ['an empty file to import', ['import', 'empty', 'new', 'name'], 3],
    ['a store of which only 200 bytes are left', ['verify', 'short'], 1],
    ['help', ['--help'], 0],
    ['help of a command', ['dump', '--help'], 0],
    ['the version', ['--version'], 0],
  ])('%s', async (_, args, expected) => {
    const { code, out, err } = await varve(...args);
    expect(code).toBe(expected);
    expect(err).not.toMatch(/\n\s+at /);
    expect((expected === 0 ? out : out + err).length).toBeGreaterThan(4);
  });

  test('a lost store is told apart from one that never was', async () => {
    await makeStore(root, 'lost');
    fs.rmSync(at('root', 'lost'), { recursive: true });
    expect((await varve('verify', root, 'lost')).code).toBe(1);
    expect((await varve('verify', root, 'never')).code).toBe(2);
    expect((await varve('stores', root, '--json')).out).toMatch(
      /"name": "lost",\s+"state": "lost"/,
    );
  });

  test('a store whose name is no file name', async () => {
    await makeStore(at('names'), 'my café/*?');
    expect((await varve('verify', at('names'), 'my café/*?')).code).toBe(0);
    const listed = JSON.parse((await varve('stores', at('names'), '--json')).out) as object[];
    expect(listed).toMatchObject([{ name: 'my café/*?', state: 'closed', lastLsn: LAST_LSN }]);
    await expect(open(at('names'), 'a\ud800')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    await expect(open(at('names'), 'é'.repeat(90))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  });

  test('an unknown version is neither damage nor a crash', async () => {
    const bytes = fs.readFileSync(journal('newer'));
    for (const [place, start] of SUPERBLOCK_PLACES.entries()) {
      const block = bytes.subarray(start, start + SUPERBLOCK_BYTES);
      const [checksumAt] = SUPERBLOCK_LAYOUT.checksum;
      writeU16(block, SUPERBLOCK_LAYOUT.formatVersion[0], 99);
      writeU32(block, checksumAt, xxh32(block, 0, checksumAt, 0x5641_5256 + place));
    }
    fs.writeFileSync(journal('newer'), bytes);
    for (const command of ['verify', 'inspect', 'dump']) {
      const { code, err } = await varve(command, root, 'newer');
      expect([code, err]).toEqual([3, expect.stringContaining('UNSUPPORTED_VERSION') as string]);
    }
  });

  test('an interrupted export leaves nothing half-made', async () => {
    const big = await open(at('large'), 'big', { segmentSizeBytes: 1_048_576 });
    await big.close();
    fs.truncateSync(at('large', 'big', 'journal'), 256 * 1_048_576);
    const target = at('interrupted.varve');
    const child = spawn(process.execPath, [BIN, 'export', at('large'), '-o', target], {
      cwd: folder,
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    while (!fs.readdirSync(folder).some((name) => name.endsWith('.part'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(fs.readdirSync(folder).filter((name) => name.startsWith('interrupted'))).toEqual([]);
  });
});
