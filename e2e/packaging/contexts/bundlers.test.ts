/** Blank apps with the packed `varve`, on bundlers of exact versions: stored, killed, recovered. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { appPage, appScript } from './app.ts';
import { record, survivedAs } from './results.ts';
import { programServer, staticServer } from './servers.ts';
import { crashOf, survives } from './survival.ts';
import { workshop, type Packages, type Workshop } from './workshop.ts';

interface Bundler {
  readonly name: string;
  readonly packages: Packages;
  readonly files: Readonly<Record<string, string>>;
  /** What an author has to write, where nothing is not enough. */
  readonly line?: string;
  /** Builds and serves. */
  serve(project: Workshop): Promise<string>;
}

const PLAIN = { 'index.html': appPage('./main.js'), 'main.js': appScript() };

/** The line of the README. */
const EXCLUDE = "optimizeDeps: { exclude: ['varve'] }";
const VITE = 'vite/bin/vite.js';
const EXCLUDED = { ...PLAIN, 'vite.config.js': `export default { ${EXCLUDE} };` };

const serveDev = (project: Workshop): Promise<string> =>
  programServer(project, VITE, (port) => ['--port', port, '--strictPort', '--host', 'localhost']);

const VITES: readonly Bundler[] = ['5.4.21', '6.4.6', '7.3.8', '8.3.8'].flatMap((version) => {
  const packages = { vite: version };
  const old = Number.parseInt(version, 10) < 8;
  return [
    {
      name: `Vite ${version}, build`,
      packages,
      files: PLAIN,
      async serve(project: Workshop) {
        await project.run(process.execPath, project.program(VITE), 'build');
        return staticServer(join(project.folder, 'dist'));
      },
    },
    {
      name: `Vite ${version}, dev server`,
      packages,
      files: old ? EXCLUDED : PLAIN,
      ...(old && { line: `\`${EXCLUDE}\`` }),
      serve: serveDev,
    },
  ];
});

const OTHERS: readonly Bundler[] = [
  {
    name: 'webpack 5.112.2',
    packages: { webpack: '5.112.2', 'webpack-cli': '7.3.1' },
    files: {
      'public/index.html': appPage('./main.js'),
      'src/index.js': appScript(),
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
    files: { 'public/index.html': appPage('./main.js'), 'main.js': appScript() },
    line: 'a second entry: `worker=varve/worker`',
    async serve(project) {
      const esbuild = project.program('@esbuild/linux-x64/bin/esbuild');
      const options = ['--bundle', '--format=esm', '--minify', '--outdir=public'];
      await project.run(esbuild, 'main.js', 'worker=varve/worker', ...options);
      return staticServer(join(project.folder, 'public'));
    },
  },
  {
    name: 'Rollup 4.68.7',
    packages: { rollup: '4.68.7', '@rollup/plugin-node-resolve': '16.0.3' },
    files: {
      'public/index.html': appPage('./main.js'),
      'main.js': appScript(),
      'rollup.config.js': `import resolve from '@rollup/plugin-node-resolve';
export default {
  input: { main: 'main.js', worker: 'varve/worker' },
  plugins: [resolve({ browser: true })],
  output: { dir: 'public', format: 'es' },
};`,
    },
    line: "a second input: `worker: 'varve/worker'`",
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
import '../app.js';

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
  'app.js': appScript(),
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

const KIT: Omit<Bundler, 'name' | 'serve'> = {
  packages: {
    '@sveltejs/kit': '2.70.4',
    '@sveltejs/vite-plugin-svelte': '7.3.1',
    svelte: '5.57.3',
    vite: '8.3.8',
  },
  files: {
    'vite.config.js': `import { sveltekit } from '@sveltejs/kit/vite';
export default { plugins: [sveltekit()] };`,
    'src/app.html': `<!doctype html><html lang="en"><head>%sveltekit.head%</head>
<body><div>%sveltekit.body%</div></body></html>`,
    'src/app.js': appScript(),
    'src/routes/+page.svelte': `<script>import '../app.js';</script><main>blank</main>`,
    'src/routes/+page.js': 'export const prerender = true;',
  },
};

const KITS: readonly Bundler[] = [
  {
    ...KIT,
    name: 'SvelteKit 2.70.4 on Vite 8.3.8, build, prerendered',
    async serve(project) {
      await project.run(process.execPath, project.program(VITE), 'build');
      const options = ['--strictPort', '--host', 'localhost'];
      return programServer(project, VITE, (port) => ['preview', '--port', port, ...options]);
    },
  },
  { ...KIT, name: 'SvelteKit 2.70.4 on Vite 8.3.8, dev server', serve: serveDev },
];

async function projectOf({ packages, files }: Bundler): Promise<Workshop> {
  return workshop(packages, [inject('tarballs').varve], files);
}

for (const bundler of [...VITES, ...OTHERS, ...NEXTS, ...KITS]) {
  const { name, line } = bundler;
  test(`${name}: what was acknowledged is there after a kill`, async () => {
    const upstream = await bundler.serve(await projectOf(bundler));
    const survived = await survives({ upstream });
    record({
      section: 'Bundlers',
      context: name,
      outcome: line === undefined ? 'works' : `one line: ${line}`,
      version: survived.browser,
      shown: survivedAs(survived),
    });
  });
}

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
    const survived = await survives({ upstream });
    record({
      section: 'Bundlers',
      context: name,
      outcome: 'works',
      version: survived.browser,
      shown: `one worker for all mounts; ${survivedAs(survived)}`,
    });
  });
}

describe('without that line', () => {
  for (const bundler of VITES.filter(({ line }) => line !== undefined)) {
    test(`${bundler.name}: WORKER_LOAD_FAILED within 5 s, naming the cure`, async () => {
      const upstream = await serveDev(await projectOf({ ...bundler, files: PLAIN }));
      const { refused, version } = await refusalOf(upstream);
      expect(refused).toMatchObject({
        code: 'WORKER_LOAD_FAILED',
        message: expect.stringContaining(EXCLUDE),
        inTime: true,
      });
      record({
        section: 'Bundlers',
        context: `${bundler.name}, without that line`,
        outcome: 'refused: `WORKER_LOAD_FAILED`',
        version,
        shown: 'refused within 5 s, the message names the line',
      });
    });
  }
});

async function refusalOf(upstream: string): Promise<{ refused: unknown; version: string }> {
  const crash = await crashOf({ upstream });
  const { page } = await crash.open();
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  const refused = await page.evaluate(async () => {
    const startMs = performance.now();
    try {
      return await window.app.start(0);
    } catch (error) {
      const { code, message } = error as Error & { code: string };
      return { code, message, inTime: performance.now() - startMs < 6000 };
    }
  });
  return { refused, version: crash.browser.version };
}
