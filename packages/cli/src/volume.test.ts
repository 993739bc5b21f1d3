/** `verify` and `inspect` on volumes: sound ones, damaged ones, and those that a process left behind. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createNodeHost } from '@varve/files/node';
import { SUPERBLOCK_PLACES } from '@varve/journal';
import { openVolume, type Volume } from '@varve/volume';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { main } from './index.ts';
import { Exit } from './exit.ts';

const CHUNK = 4_096;
const CHUNKS = 40;
const OPTIONS = {
  sizeBytes: CHUNKS * CHUNK,
  segmentSizeBytes: 65_536,
  directBytes: CHUNK,
  stepExceptions: 1,
};

let folder: string;
let roots = 0;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-cli-volume-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

/** Two snapshots, exceptions, holes; what follows is up to the test. */
async function makeVolume(end: (volume: Volume) => Promise<void>): Promise<string> {
  const root = path.join(folder, String(roots++));
  const volume = await openVolume(createNodeHost(root), 'v', OPTIONS);
  await volume.write(0, filled(8 * CHUNK, 1));
  await volume.snapshot('first');
  await volume.write(CHUNK, filled(3 * CHUNK, 2));
  await volume.snapshot('second');
  await volume.write(20 * CHUNK, filled(100, 3), { view: 'first' });
  await volume.checkpoint();
  await end(volume);
  return root;
}

const closed = (): Promise<string> => makeVolume((volume) => volume.close());
/** With records behind its checkpoint, as a crash leaves it. */
const left = (): Promise<string> =>
  makeVolume(async (volume) => {
    await volume.write(5 * CHUNK + 7, filled(9, 4));
    await volume.snapshot('third');
    await volume.write(30 * CHUNK, filled(2 * CHUNK, 5));
    volume.abandon();
  });

const file = (root: string, name: string): string => path.join(root, 'v', name);

function flip(root: string, name: string, at: number): void {
  const bytes = fs.readFileSync(file(root, name));
  bytes[at]! ^= 0x10;
  fs.writeFileSync(file(root, name), bytes);
}

function contents(root: string): string[] {
  return fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((name) => `${name} ${createHash('sha256').update(fs.readFileSync(name)).digest('hex')}`)
    .sort();
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function varve(...args: string[]): Promise<Ended> {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  let err = '';
  const error = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  try {
    const code = await main(args);
    return { code, out, err };
  } finally {
    write.mockRestore();
    error.mockRestore();
  }
}

interface VolumeDocument {
  readonly problem: string | null;
  readonly checked: string;
  readonly findings: readonly { readonly kind: string; readonly facts: object }[];
  readonly totals: { readonly chunksVerified: number };
}

async function verified(root: string): Promise<{ code: number; volume: VolumeDocument }> {
  const { code, out, err } = await varve('verify', root, 'v', '--json');
  expect(out, err).not.toBe('');
  return { code, volume: (JSON.parse(out) as { volume: VolumeDocument }).volume };
}

describe('verify', () => {
  test.each([
    ['closed properly', closed],
    ['left behind by a process that died', left],
  ])('a volume that was %s is sound, and nothing of it is changed', async (_, make) => {
    const root = await make();
    const before = contents(root);
    const { code, volume } = await verified(root);
    expect(volume).toMatchObject({ ok: true, problem: null, checked: 'all', findings: [] });
    expect(volume.totals.chunksVerified).toBeGreaterThan(10);
    expect(code).toBe(Exit.Ok);
    expect((await varve('verify', root, 'v')).out).toMatch(/volume {2}sound/);
    expect(contents(root)).toEqual(before);
  });

  test('each byte of a chunk counts, and the finding says which chunk it is', async () => {
    const root = await closed();
    for (const at of [0, 3 * CHUNK + 5, 8 * CHUNK - 1]) {
      flip(root, 'data', at);
      const { code, volume } = await verified(root);
      const physical = Math.floor(at / CHUNK);
      expect(volume.findings).toContainEqual(
        expect.objectContaining({
          kind: 'chunk-digest',
          facts: expect.objectContaining({ physical }) as object,
        }),
      );
      expect(code).toBe(Exit.Damage);
      flip(root, 'data', at);
    }
    expect((await verified(root)).code).toBe(Exit.Ok);
  });

  test('a chunk that only records behind the checkpoint refer to counts', async () => {
    const root = await left();
    flip(root, 'data', fs.statSync(file(root, 'data')).size - 1);
    const { code, volume } = await verified(root);
    expect(volume.findings).toMatchObject([{ kind: 'chunk-digest', facts: { chunk: 31 } }]);
    expect(code).toBe(Exit.Damage);
  });

  test('each block of the metadata that is in use counts, the others do not', async () => {
    const root = await left();
    const places = fs.statSync(file(root, 'meta')).size / 4_096;
    let counting = 0;
    for (let place = 0; place < places; place++) {
      flip(root, 'meta', place * 4_096 + 1_000);
      const { code, volume } = await verified(root);
      if (code === Exit.Damage) {
        counting++;
        expect(volume.problem ?? volume.findings[0]!.kind).toMatch(/block/);
      } else expect(volume).toMatchObject({ checked: 'all', findings: [] });
      flip(root, 'meta', place * 4_096 + 1_000);
    }
    // Origin, references and exceptions have a block each.
    expect(counting).toBe(3);
  });

  test('a block that was written to another place is found', async () => {
    const root = await closed();
    const meta = fs.readFileSync(file(root, 'meta'));
    const used = [1, 2, 3].filter((place) => meta.readUInt32LE(place * 4_096) !== 0);
    meta.copy(meta, used[0]! * 4_096, used[1]! * 4_096, (used[1]! + 1) * 4_096);
    fs.writeFileSync(file(root, 'meta'), meta);
    const { code, volume } = await verified(root);
    expect(volume.findings.map(({ kind }) => kind)).toContain('block-damaged');
    expect(code).toBe(Exit.Damage);
  });

  test.each(['data', 'meta'])('a volume whose %s is gone is said to be damaged', async (name) => {
    const root = await closed();
    fs.rmSync(file(root, name));
    const { code, volume } = await verified(root);
    expect(volume).toMatchObject({ ok: false, checked: 'nothing' });
    expect(volume.problem).toContain(`${name} is gone`);
    expect(code).toBe(Exit.Damage);
  });

  test('of a volume whose records are damaged the maps of the last checkpoint are checked', async () => {
    const root = await left();
    const journal = fs.readFileSync(file(root, 'journal'));
    const name = journal.lastIndexOf('third');
    const before = contents(root);
    flip(root, 'journal', name);
    const { code, volume } = await verified(root);
    expect(volume).toMatchObject({ ok: false, checked: 'structure', findings: [] });
    expect(code).toBe(Exit.Damage);
    flip(root, 'journal', name);
    expect(contents(root)).toEqual(before);
  });

  test('a volume whose superblocks are both gone is damaged, and not looked into', async () => {
    const root = await closed();
    for (const at of SUPERBLOCK_PLACES) flip(root, 'journal', at + 20);
    expect((await varve('verify', root, 'v', '--json')).code).toBe(Exit.Damage);
  });
});

describe('inspect', () => {
  test('shows geometry, snapshots, maps, pool and what is under way, and changes nothing', async () => {
    const root = await makeVolume(async (volume) => {
      // Of five steps one is done.
      const deleted = volume.deleteSnapshot('first', { onProgress: () => volume.abandon() });
      await deleted.catch(() => undefined);
    });
    const before = contents(root);
    const { code, out } = await varve('inspect', root, 'v', '--json');
    expect(code).toBe(Exit.Ok);
    expect(JSON.parse(out)).toMatchObject({
      volume: {
        problem: null,
        chunkSizeBytes: CHUNK,
        sizeBytes: CHUNKS * CHUNK,
        trees: {
          origin: { height: 1, leaves: 1, entries: 8 },
          references: { height: 1, leaves: 1 },
          exceptions: { height: 1, leaves: 1 },
        },
        pool: { extentChunks: 12, sharedChunks: 0 },
        snapshots: [
          { name: 'second', isDying: false },
          { name: 'first', isDying: true },
        ],
        metaPlaces: { used: 3 },
      },
    });
    const text = (await varve('inspect', root, 'v')).out;
    expect(text).toMatch(/40 chunks of 4 KiB/);
    expect(text).toMatch(/"second" .* live/);
    expect(text).toMatch(/exceptions +1 +1 +1 +\d chunks/);
    expect(text).toMatch(/deletion of "first", before chunk \d/);
    expect(contents(root)).toEqual(before);
  });

  test('a damaged volume is shown as far as it goes', async () => {
    const root = await closed();
    fs.truncateSync(file(root, 'meta'), 4_096);
    const { code, out } = await varve('inspect', root, 'v');
    expect(out).toMatch(/Snapshots[\s\S]*"first"/);
    expect(out).toMatch(/a block of it is damaged/);
    expect(code).toBe(Exit.Damage);
  });

  test('a log is no volume', async () => {
    const root = path.join(folder, String(roots++));
    const { makeStore } = await import('./test-stores.ts');
    await makeStore(root, 'v');
    const { out } = await varve('inspect', root, 'v', '--json');
    expect(JSON.parse(out)).not.toHaveProperty('volume');
  });
});
