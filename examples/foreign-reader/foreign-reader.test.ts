/** The reader that was written from docs/FORMAT.md alone reads what Varve reads, record for record. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { importStore, openLog } from 'varve/node';
import { afterAll, describe, expect, test } from 'vitest';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.warn('no python3 on this machine: the foreign reader is not tested');

const root = mkdtempSync(join(tmpdir(), 'foreign-reader-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const codec = {
  name: 'bytes',
  encode: (value: Uint8Array) => value,
  decode: (value: Uint8Array) => value.slice(),
};
const hex = (text: string): string => Buffer.from(text).toString('hex');

interface Read {
  /** `LSN type channel time length sha256` of each record. */
  readonly records: string[];
  readonly coveredLsn: number;
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const rowOf = (lines: readonly string[]): string => JSON.parse(lines.at(-1)!).end.row;
const stateOf = (lines: readonly string[]) => JSON.parse(lines.at(-2)!).state;

/** One line per record, then the last checkpoint and where the log ends. */
function linesOf(file: string, ...options: string[]): string[] {
  const args = [path('./varve_reader.py'), file, ...options];
  const { stdout, stderr, status } = spawnSync('python3', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}

function readByForeigner(file: string): Read {
  const lines = linesOf(file);
  const records = lines.slice(0, -2).map((line) => Object.values(JSON.parse(line)).join(' '));
  return { records, coveredLsn: stateOf(lines)?.coveredLsn ?? 0 };
}

/** The same from Varve, which changes nothing: the store is opened for reading only. */
async function readByVarve(directory: string, name: string): Promise<Read> {
  const log = await openLog<Uint8Array>(name, { directory, codec, readOnly: true });
  const records: string[] = [];
  for await (const { lsn, type, channel, timeMs, value } of log.read())
    records.push([lsn, type, channel, timeMs, value.length, digest(value)].join(' '));
  const { coveredLsn } = log.status();
  await log.close();
  return { records, coveredLsn };
}

/** Kills a process that appends, once it was told of `records`. */
async function stormAndKill(directory: string, alignment: number, seed: number, records: number) {
  const args = ['--import', 'tsx', path('./storm.mjs'), directory, String(alignment), String(seed)];
  const storm = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(storm, 'exit');
  for await (const line of createInterface({ input: storm.stdout })) {
    if (Number(line) >= records) storm.kill('SIGKILL');
  }
  expect(await ended).toEqual([null, 'SIGKILL']);
}

describe.skipIf(!hasPython)('a reader in Python, written from docs/FORMAT.md alone', () => {
  test('reads every record of the golden store', async () => {
    const file = path('../../packages/journal/golden/v1/store.varve.gz');
    const lines = linesOf(file, '--hex');
    expect(rowOf(lines)).toBe('clean-end');
    expect(JSON.parse(lines[0]!)).toMatchObject({ lsn: 1, hex: hex('hello') });
    expect(JSON.parse(lines[1]!)).toMatchObject({ type: 65, channel: 300, hex: hex('varve') });
    expect(stateOf(lines)).toMatchObject({ coveredLsn: 40, hex: hex('the state') });
    const source = new Blob([gunzipSync(readFileSync(file))]);
    await importStore('golden', source, { directory: root });
    const read = readByForeigner(file);
    expect(read.records).toHaveLength(65);
    expect(read).toEqual(await readByVarve(root, 'golden'));
  });

  test.each([16, 4_096])(
    'reads what is left of a process that was killed again and again, batches at multiples of %i',
    async (alignment) => {
      const directory = join(root, String(alignment));
      for (const round of [1, 2, 3]) {
        await stormAndKill(directory, alignment, 7 * round + alignment, 60 * round);
        const copy = join(root, `killed-${alignment}`);
        cpSync(join(directory, 'storm', 'journal'), copy);
        const read = readByForeigner(copy);
        expect(read.records.length).toBeGreaterThan(50);
        expect(read).toEqual(await readByVarve(directory, 'storm'));
      }
    },
    240_000,
  );
});
