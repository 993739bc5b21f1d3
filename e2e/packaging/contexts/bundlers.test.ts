/** Bundlers other than Vite, of exact versions; Next also in development, with StrictMode and hot reload. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { appPage, APPS } from './app.ts';
import { allSurvive, allSurvivedAs, testBundlers, type Bundler } from './bundler.ts';
import { record } from './results.ts';
import { programServer, staticServer } from './servers.ts';
import { crashOf } from './survival.ts';
import { workshop, type Workshop } from './workshop.ts';

const OTHERS: readonly Bundler[] = [
  {
    name: 'webpack 5.112.2',
    packages: { webpack: '5.112.2', 'webpack-cli': '7.3.1' },
    files: {
      'public/index.html': appPage('./main.js'),
      'src/index.js': "import '../main.js';",
      ...APPS,
    },
    async serve(project) {
      const cli = project.program('webpack-cli/bin/cli.js');
      await project.run(process.execPath, cli, '--mode', 'production', '-o', 'public');
      return staticServer(join(project.folder, 'public'));
    },
  },
  {
    name: 'esbuild 0.28.2',
    packages: { esbuild: '0.28.2' },
    files: { 'public/index.html': appPage('./main.js'), ...APPS },
    line: 'an entry more: `worker=varve/worker`; for volumes `volume-worker=varve/volume-worker`, for ports `ports-worker=varve/ports-worker`',
    async serve(project) {
      const esbuild = project.program('@esbuild/linux-x64/bin/esbuild');
      const options = ['--bundle', '--format=esm', '--minify', '--outdir=public'];
      const workers = ['worker', 'volume-worker', 'ports-worker'];
      const entries = workers.map((name) => `${name}=varve/${name}`);
      await project.run(esbuild, 'main.js', ...entries, ...options);
      return staticServer(join(project.folder, 'public'));
    },
  },
  {
    name: 'Rollup 4.68.7',
    packages: { rollup: '4.68.7', '@rollup/plugin-node-resolve': '16.0.3' },
    files: {
      'public/index.html': appPage('./main.js'),
      ...APPS,
      'rollup.config.js': `import resolve from '@rollup/plugin-node-resolve';
export default {
  input: {
    main: 'main.js',
    worker: 'varve/worker',
    'volume-worker': 'varve/volume-worker',
    'ports-worker': 'varve/ports-worker',
  },
  plugins: [resolve({ browser: true })],
  output: { dir: 'public', format: 'es' },
};`,
    },
    line: "an input more: `worker: 'varve/worker'`; for volumes `'volume-worker': 'varve/volume-worker'`, for ports `'ports-worker': 'varve/ports-worker'`",
    async serve(project) {
      await project.run(process.execPath, project.program('rollup/dist/bin/rollup'), '-c');
      return staticServer(join(project.folder, 'public'));
    },
  },
];

const NEXT = 'next/dist/bin/next';
const NEXT_PACKAGES = { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' };

/** Mounted, it opens the log, as often as it is mounted, and never closes it. */
const MOUNTED = (text: string): string => `'use client';
import { useEffect } from 'react';
import { openLog } from 'varve';
import '../main.js';

const TEXT = '${text}';

export default function Page() {
  useEffect(() => {
    openLog('mounted').then(() => (window.mounts = (window.mounts ?? 0) + 1), console.error);
  }, [TEXT]);
  return <main>{TEXT}</main>;
}
`;

const NEXT_FILES = {
  'next.config.mjs': 'export default { reactStrictMode: true };',
  ...APPS,
  'app/page.jsx': MOUNTED('first'),
  'app/layout.jsx': `export default function Layout({ children }) {
  return <html lang="en"><body suppressHydrationWarning>{children}</body></html>;
}
`,
};

const NEXTS: readonly Bundler[] = ['turbopack', 'webpack'].map((bundler) => ({
  name: `Next 16.4.6, ${bundler}, prerendered`,
  packages: NEXT_PACKAGES,
  files: NEXT_FILES,
  async serve(project) {
    await project.run(process.execPath, project.program(NEXT), 'build', `--${bundler}`);
    const html = join(project.folder, '.next/server/app/index.html');
    if (!(await readFile(html, 'utf8')).includes('first')) throw new Error('not prerendered');
    return programServer(project, NEXT, (port) => ['start', '-p', port, '-H', 'localhost']);
  },
}));

const serveNextDev = (project: Workshop, bundler: string): Promise<string> =>
  programServer(project, NEXT, (port) => ['dev', `--${bundler}`, '-p', port, '-H', 'localhost']);

testBundlers([...OTHERS, ...NEXTS]);

for (const bundler of ['turbopack', 'webpack']) {
  const name = `Next 16.4.6, ${bundler}, dev server: StrictMode and hot reload`;
  test(`${name} open one engine, not six; what was acknowledged is there after a kill`, async () => {
    const project = await workshop(NEXT_PACKAGES, [inject('tarballs').varve], NEXT_FILES);
    const upstream = await serveNextDev(project, bundler);
    const crash = await crashOf({ upstream });
    const page = await crash.browser.newPage();
    let started = 0;
    page.on('worker', (worker) => {
      if (!worker.url().includes('hmr')) started++;
    });
    await page.goto(upstream);
    const mounts = () => page.evaluate(() => (window as { mounts?: number }).mounts ?? 0);
    await expect.poll(mounts, { timeout: 60_000 }).toBe(2);
    for (const text of ['second', 'third']) {
      const before = await mounts();
      await project.write({ 'app/page.jsx': MOUNTED(text) });
      await page.getByText(text).waitFor({ timeout: 60_000 });
      await expect.poll(mounts, { timeout: 30_000 }).toBeGreaterThan(before);
    }
    expect(started).toBe(1);
    expect(page.workers()).toHaveLength(1);
    await page.close();
    const survived = await allSurvive(upstream);
    record({
      section: 'Bundlers',
      context: name,
      outcome: 'works',
      version: survived.log.browser,
      shown: `one worker for all mounts; ${allSurvivedAs(survived)}`,
    });
  });
}
