/** `verify` and `inspect` on volumes: sound ones, damaged ones, and those that a process left behind. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createNodeHost } from '@varve/files/node';
import { SUPERBLOCK_PLACES } from '@varve/journal';
import type { VolumeLayout } from '@varve/protocol';
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

/** What is known of its chunks when a block of that map is damaged. */
const USES_WITHOUT = {
  // What the origin has is in use, and nobody else's.
  origin: '?sss???????s',
  // Of a chunk that is free or in quarantine nothing would be known; there is none.
  references: '+sss+++++++s',
  exceptions: '????????????',
} as const;

const closed = (): Promise<string> => makeVolume((volume) => volume.close());
/** With records behind its checkpoint, as a crash leaves it. */
const left = (): Promise<string> =>
  makeVolume(async (volume) => {
    await volume.write(5 * CHUNK + 7, filled(9, 4));
    await volume.snapshot('third');
    await volume.write(30 * CHUNK, filled(2 * CHUNK, 5));
    volume.abandon();
  });

/** 40,000 chunks, all of them written. */
async function makeLarge(): Promise<string> {
  const root = path.join(folder, String(roots++));
  const sizeBytes = 40_000 * 512;
  const options = { ...OPTIONS, sizeBytes, chunkSizeBytes: 512 };
  const volume = await openVolume(createNodeHost(root), 'v', options);
  await volume.write(0, filled(sizeBytes, 1));
  await volume.close();
  return root;
}

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

interface Inspected extends Ended {
  readonly layout: VolumeLayout;
}

async function inspected(root: string): Promise<Inspected> {
  const ended = await varve('inspect', root, 'v', '--json');
  expect(ended.out, ended.err).not.toBe('');
  const { volume } = JSON.parse(ended.out) as { volume: { layout: VolumeLayout } };
  return { ...ended, layout: volume.layout };
}

/** Lines of a section of the text, without what is around them. */
function sectionOf(text: string, title: string): string[] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith(title));
  expect(from, `${title} in\n${text}`).toBeGreaterThanOrEqual(0);
  const rest = lines.slice(from + 1);
  const end = rest.indexOf('');
  return rest.slice(0, end < 0 ? undefined : end).map((line) => line.trim());
}

/** Where the parent says that the map's only block stands. */
const placeOf = ({ list }: VolumeLayout['maps']['origin']): number => list[0]!.place;

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

  test('draws the trees, who has each chunk, and what each place of the metadata holds', async () => {
    const root = await closed();
    const { layout } = await inspected(root);
    const { maps, pool, places, snapshots, locks } = layout;
    expect(maps.origin.list).toMatchObject([
      { level: 0, from: 0, to: CHUNKS, entries: 8, values: 8, shared: 8, isDamaged: false },
    ]);
    // The first snapshot alone kept three, and was written to once.
    expect(maps.exceptions.list).toMatchObject([{ level: 0, from: 0, entries: 4, values: 4 }]);
    expect(pool.uses).toBe('+sss+++++++s');
    expect([...places.replaceAll('.', '')].sort().join('')).toBe('eor');
    expect(snapshots).toMatchObject([
      { name: 'first', ownChunks: 4 },
      { name: 'second', ownChunks: 0 },
    ]);
    expect(locks).toBeNull();

    const { out } = await varve('inspect', root, 'v');
    expect(sectionOf(out, 'Tree of the origin')[1]).toMatch(
      /^leaf 0 – 39 +8 chunks +8 +█░{9} +2 % +\d$/,
    );
    expect(sectionOf(out, 'Tree of the exceptions')[1]).toMatch(/^leaf 0 – 39 +4 chunks, 4 values/);
    expect(sectionOf(out, 'Chunks of the pool')).toContain(`0  ${pool.uses}`);
    expect(sectionOf(out, 'Chunks of the pool')).toContainEqual(
      expect.stringMatching(/^s +4 +of snapshots alone$/),
    );
    expect(sectionOf(out, 'Places of the metadata file')).toContain(`1  ${places}`);
    expect(sectionOf(out, 'Snapshots')[1]).toMatch(/"first" .* 4 chunks +live$/);
    expect(sectionOf(out, 'Locks')[0]).toMatch(/^files +held by nobody$/);
  });

  test('blocks that records behind the checkpoint changed stand in the journal', async () => {
    const { layout } = await inspected(await left());
    for (const map of Object.values(layout.maps)) expect(placeOf(map)).toBe(0);
    // What they left is free after the next checkpoint, and not before.
    expect(layout.places).toMatch(/^\.*x\.*x\.*x\.*$/);
    expect(layout.snapshots.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
  });

  test('an empty volume has no tree, and a picture all the same', async () => {
    const root = path.join(folder, String(roots++));
    const volume = await openVolume(createNodeHost(root), 'v', OPTIONS);
    await volume.close();
    const { code, layout } = await inspected(root);
    expect(code).toBe(Exit.Ok);
    expect(layout).toMatchObject({
      maps: { origin: { height: 0, list: [] }, exceptions: { list: [] }, references: { list: [] } },
      pool: { extentChunks: 0, uses: '' },
      places: '',
      snapshots: [],
    });
    const { out } = await varve('inspect', root, 'v');
    expect(out).not.toContain('Tree of');
    expect(sectionOf(out, 'Chunks of the pool')).toEqual(['none was ever given out']);
  });

  test('of 64 snapshots each is told, with what it alone keeps', async () => {
    const root = path.join(folder, String(roots++));
    const volume = await openVolume(createNodeHost(root), 'v', OPTIONS);
    await volume.write(0, filled(CHUNK, 255));
    for (let number = 0; number < 64; number++) {
      await volume.snapshot(`s${number}`);
      await volume.write(0, filled(CHUNK, number));
    }
    await volume.close();
    const { layout } = await inspected(root);
    expect(layout.snapshots.map(({ ownChunks }) => ownChunks)).toEqual(Array(64).fill(1));
    expect(layout.maps.exceptions.list).toMatchObject([{ entries: 1, values: 64, shared: 0 }]);
    expect(layout.pool.uses).toBe(`${'s'.repeat(64)}o`);
    const rows = sectionOf((await varve('inspect', root, 'v')).out, 'Snapshots');
    expect(rows).toHaveLength(65);
    expect(rows[64]).toMatch(/^63 +"s63" .* 1 chunk +live$/);
  });

  test('a tree too long to look at is folded, and told whole when all is asked for', async () => {
    const root = await makeLarge();
    const { layout } = await inspected(root);
    const leaves = Math.ceil(40_000 / 508);
    expect(layout.maps.origin).toMatchObject({ height: 2, damaged: 0 });
    expect(layout.maps.origin.list).toHaveLength(leaves + 1);
    expect(layout.maps.origin.list[0]).toMatchObject({ level: 1, entries: leaves, to: 40_000 });
    expect(layout.pool.uses).toBe('o'.repeat(40_000));

    const short = (await varve('inspect', root, 'v')).out;
    const tree = sectionOf(short, 'Tree of the origin');
    expect(tree).toHaveLength(1 + 1 + 6 + 1);
    expect(tree.at(-1)).toBe(`… ${leaves - 6} more leaves, 3,048 – 39,999`);
    const map = sectionOf(short, 'Chunks of the pool');
    expect(map[0]).toBe(`0  ${'o'.repeat(64)}`);
    expect(map).toContain('each letter 32 chunks, as most of them are');

    const whole = (await varve('inspect', root, 'v', '--all')).out;
    expect(sectionOf(whole, 'Tree of the origin')).toHaveLength(1 + 1 + leaves);
    expect(sectionOf(whole, 'Chunks of the pool')).toContain('each letter a chunk');
  });

  test.each(['origin', 'references', 'exceptions'] as const)(
    'a damaged block of the %s is drawn as one, and the rest with it',
    async (name) => {
      const root = await closed();
      const sound = (await inspected(root)).layout;
      flip(root, 'meta', placeOf(sound.maps[name]) * 4_096 + 1_000);
      const before = contents(root);
      const { code, layout } = await inspected(root);
      expect(code).toBe(Exit.Damage);
      for (const [other, map] of Object.entries(layout.maps)) {
        const isDamaged = other === name;
        expect(map.list).toMatchObject([{ isDamaged }]);
        if (isDamaged) continue;
        const { shared: _, ...held } = sound.maps[other as typeof name].list[0]!;
        expect(map.list).toMatchObject([held]);
      }
      // Nothing is said of a chunk that is not so.
      expect(sound.pool.uses).toBe('+sss+++++++s');
      expect(layout.pool.uses).toBe(USES_WITHOUT[name]);

      const { out } = await varve('inspect', root, 'v');
      expect(sectionOf(out, `Tree of the ${name}`)[1]).toMatch(/does not verify/);
      if (name === 'exceptions') {
        expect(sectionOf(out, 'Tree of the origin')[1]).toMatch(/8 chunks +≥ 0/);
        expect(sectionOf(out, 'Snapshots')[1]).toMatch(/≥ 0 chunks/);
      }
      expect(contents(root)).toEqual(before);
    },
  );

  test('of a tree with a damaged block far down, that block is drawn among those that are folded', async () => {
    const root = await makeLarge();
    const { list } = (await inspected(root)).layout.maps.origin;
    const victim = list.find(({ from }) => from === 40 * 508)!;
    flip(root, 'meta', victim.place * 4_096 + 5);
    const { code, out } = await varve('inspect', root, 'v');
    expect(code).toBe(Exit.Damage);
    const lines = sectionOf(out, 'Tree of the origin').slice(-3);
    expect(lines[0]).toBe('… 34 more leaves, 3,048 – 20,319');
    expect(lines[1]).toMatch(/^leaf 20,320 – 20,827 +does not verify/);
    expect(lines[2]).toMatch(/^… \d+ more leaves, 20,828 – 39,999$/);
  });

  test('what lies below a damaged node is left out, and nothing is said of its places', async () => {
    const root = await makeLarge();
    const sound = (await inspected(root)).layout;
    const node = sound.maps.references.list[0]!;
    expect(node).toMatchObject({ level: 1, entries: 20 });
    flip(root, 'meta', node.place * 4_096 + 50);
    const { code, layout } = await inspected(root);
    expect(code).toBe(Exit.Damage);
    expect(layout.maps.references).toMatchObject({ damaged: 1 });
    expect(layout.maps.references.list).toMatchObject([{ level: 1, isDamaged: true, entries: 0 }]);
    expect(layout.maps.origin).toEqual(sound.maps.origin);
    // Whoever has a chunk is known from the other maps.
    expect(layout.pool.uses).toBe(sound.pool.uses);
    const unknown = [...sound.places].map((letter, at) =>
      letter === 'r' && at + 1 !== node.place ? '?' : letter,
    );
    // Places that no sound block names are not said to be free.
    expect(layout.places.padEnd(unknown.length, '?')).toBe(unknown.join('').replaceAll('.', '?'));
  });

  test('says that a process has it open', async () => {
    const root = path.join(folder, String(roots++));
    const volume = await openVolume(createNodeHost(root), 'v', OPTIONS);
    await volume.write(0, filled(CHUNK, 1));
    const { out } = await varve('inspect', root, 'v');
    expect(sectionOf(out, 'Locks')[0]).toMatch(/^files +held by the process/);
    await volume.close();
  });

  test('a log is no volume', async () => {
    const root = path.join(folder, String(roots++));
    const { makeStore } = await import('./test-stores.ts');
    await makeStore(root, 'v');
    const { out } = await varve('inspect', root, 'v', '--json');
    expect(JSON.parse(out)).not.toHaveProperty('volume');
  });
});
