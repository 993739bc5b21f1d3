import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../test/harness.ts';
import { deleteStore, importStore, listStores, openLog } from './index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'varve-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

// From source each worker thread compiles TypeScript first: seconds, not what a user waits for.
describe.each([{ inline: false }, { inline: true }])(
  'a log over a folder, %o',
  { timeout: 60_000 },
  ({ inline }) => {
    test('what was appended is there after closing and opening again', async () => {
      const first = await openLog<string>('journal', { directory, inline });
      expect(await first.append('one')).toBe(1);
      expect(await first.appendBatch(['two', 'three'])).toBe(2);
      await first.close();
      const second = await openLog<string>('journal', { directory, inline });
      expect((await collect(second.read())).map(({ value }) => value)).toEqual([
        'one',
        'two',
        'three',
      ]);
      expect(second.status()).toMatchObject({ mode: 'node', lastLsn: 3, durableLsn: 3 });
      await second.close();
    });

    test('a store that is open is busy to others, and listed; deleted it is gone', async () => {
      const log = await openLog('busy', { directory, inline });
      await log.append(1);
      await expect(deleteStore('busy', { directory, inline })).rejects.toMatchObject({
        code: 'STORE_BUSY',
      });
      await log.close();
      expect(await listStores({ directory, inline })).toMatchObject([
        { name: 'busy', lost: false },
      ]);
      await deleteStore('busy', { directory, inline });
      expect(await listStores({ directory, inline })).toEqual([]);
      await expect(openLog('busy', { directory, inline, create: false })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
    });

    test('an export becomes the same log elsewhere', async () => {
      const log = await openLog<number>('from', { directory, inline });
      await log.appendBatch([1, 2, 3]);
      await importStore('to', log.export(), { directory, inline });
      const copy = await openLog<number>('to', { directory, inline });
      expect((await collect(copy.read())).map(({ value }) => value)).toEqual([1, 2, 3]);
      await copy.close();
      await log.close();
    });
  },
);

test(
  'a key that a process appended under, and was killed, is known to the next one',
  { timeout: 60_000 },
  async () => {
    const entry = new URL('index.ts', import.meta.url).href;
    const program = `
      import { openLog } from ${JSON.stringify(entry)};
      const directory = ${JSON.stringify(directory)};
      const log = await openLog('journal', { directory, inline: true });
      await log.append('before');
      console.log(await log.append('once', { key: 'order 7' }));
      setInterval(() => undefined, 1000);`;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx/esm', '--input-type=module', '--eval', program],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [lsn] = (await once(child.stdout, 'data')) as [Buffer];
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const log = await openLog<string>('journal', { directory, inline: true });
    expect(Number(lsn)).toBe(2);
    expect(await log.append('once', { key: 'order 7' })).toBe(2);
    await expect(log.append('twice', { key: 'order 7' })).rejects.toMatchObject({
      code: 'KEY_REUSED',
      facts: { lsn: 2 },
    });
    expect(await log.append('after')).toBe(3);
    await log.close();
  },
);
