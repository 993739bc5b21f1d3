/** What is in the tarballs, and what is not. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, inject, test } from 'vitest';
import { blankProject } from './blank-project.ts';

async function unpacked(): Promise<string> {
  const { varve, cli, crashkit } = inject('tarballs');
  const { folder } = await blankProject([varve, cli, crashkit], {});
  return join(folder, 'node_modules');
}

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test('nothing else is installed with them', async () => {
  const folder = await unpacked();
  const installed = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  expect(installed.sort()).toEqual(['@varve', 'varve']);
  expect((await readdir(join(folder, '@varve'))).sort()).toEqual(['cli', 'crashkit']);
  for (const name of ['varve', '@varve/crashkit']) {
    const manifest = JSON.parse(await readFile(join(folder, name, 'package.json'), 'utf8'));
    expect(manifest.dependencies, name).toBeUndefined();
  }
});

test('the licence, the notices of bundled code and the README are inside', async () => {
  const folder = await unpacked();
  for (const name of ['varve', '@varve/cli', '@varve/crashkit']) {
    expect(await readFile(join(folder, name, 'LICENSE'), 'utf8')).toMatch(/MIT License/);
    expect(await readFile(join(folder, name, 'README.md'), 'utf8')).toMatch(/varve/i);
  }
  const notices = await readFile(join(folder, 'varve/THIRD_PARTY_NOTICES.txt'), 'utf8');
  for (const name of ['comlink', 'idb']) expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
});

test('every script has its source map, with the sources in it', async () => {
  const folder = await unpacked();
  const scripts = (await filesOf(folder)).filter((path) => /(?<!\/varve)\.js$/.test(path));
  const own = scripts.filter((path) => !path.endsWith('cli/varve.js'));
  expect(own.length).toBeGreaterThan(4);
  for (const path of own) {
    const map = JSON.parse(await readFile(`${path}.map`, 'utf8'));
    expect(map.sourcesContent.length, path).toBe(map.sources.length);
    expect(
      map.sourcesContent.every((text: unknown) => typeof text === 'string'),
      path,
    ).toBe(true);
  }
});

test('the entries of a page export what is documented; what they share has names of one letter', async () => {
  const folder = join(await unpacked(), 'varve');
  const documented = {
    index: ['VarveError', 'isVarveError', 'openLog'],
    ring: ['ring'],
    stores: ['VarveError', 'deleteStore', 'importStore', 'isVarveError', 'listStores'],
    'service-worker': ['VarveError', 'isVarveError', 'openAppender'],
    reader: ['VarveError', 'bytesCodec', 'isVarveError', 'openReader', 'recordResponse'],
  };
  for (const [name, expected] of Object.entries(documented)) {
    const names = Object.keys(await import(pathToFileURL(join(folder, `${name}.js`)).href));
    expect(names.filter((each) => each.length > 1).sort(), name).toEqual(expected);
  }
});

test.each([
  ['service-worker', 'openAppender'],
  ['reader', 'openReader'],
])('%s is one file that imports nothing and names no path', async (name, open) => {
  const file = join(await unpacked(), 'varve', `${name}.js`);
  const text = await readFile(file, 'utf8');
  expect(text).not.toMatch(/\b(?:from|import)\s*["']|\bimport\s*\(|import\.meta/);
  // Where there is none of what it uses, importing it is no error; using it is.
  const entry = (await import(pathToFileURL(file).href)) as Record<
    string,
    (name: string) => unknown
  >;
  await expect(entry[open]!('x')).rejects.toMatchObject({ code: 'CONTEXT_UNSUPPORTED' });
});

test.each(['worker', 'volume-worker', 'ports-worker'])(
  '%s is one file that imports nothing, and locates nothing from where it lies',
  async (name) => {
    const text = await readFile(join(await unpacked(), 'varve', `${name}.js`), 'utf8');
    expect(text).not.toMatch(/\b(?:from|import)\s*["']|\bimport\s*\(|import\.meta/);
    expect(text.length).toBeGreaterThan(100);
  },
);

test('a page that only opens a log loads one file, the codec and the errors', async () => {
  const text = await readFile(join(await unpacked(), 'varve', 'index.js'), 'utf8');
  const files = [...text.matchAll(/from"([^"]+)"/g)].map(([, file]) => file);
  expect(files.sort()).toEqual(['./codec.js', './shared-foundation.js']);
});

test('no internal package, no path of the machine that built them', async () => {
  const folder = await unpacked();
  const texts = (await filesOf(folder)).filter((path) => /\.(?:js|ts|json)$/.test(path));
  for (const path of texts) {
    const text = await readFile(path, 'utf8');
    const named = text.match(/(?:from|import)\s*\(?["'](?:@varve\/[^"']+|comlink|idb)["']/g);
    expect(named, path).toBeNull();
    expect(text.includes(process.cwd()), path).toBe(false);
  }
});
