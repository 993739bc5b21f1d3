/** Blank apps with the packed `varve`, on bundlers of exact versions: stored, killed, recovered. */
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

async function projectOf({ packages, files }: Bundler): Promise<Workshop> {
  return workshop(packages, [inject('tarballs').varve], files);
}

for (const bundler of [...VITES, ...OTHERS]) {
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

describe('without that line', () => {
  for (const bundler of VITES.filter(({ line }) => line !== undefined)) {
    test(`${bundler.name}: WORKER_LOAD_FAILED within 5 s, naming the cure`, async () => {
      const upstream = await serveDev(await projectOf({ ...bundler, files: PLAIN }));
      expect(await refusalOf(upstream)).toMatchObject({
        code: 'WORKER_LOAD_FAILED',
        message: expect.stringContaining(EXCLUDE),
      });
    });
  }
});

async function refusalOf(upstream: string): Promise<unknown> {
  const crash = await crashOf({ upstream });
  const { page } = await crash.open();
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  return page.evaluate(async () => {
    const startMs = performance.now();
    try {
      return await window.app.start(0);
    } catch (error) {
      const { code, message } = error as Error & { code: string };
      return { code, message, inTime: performance.now() - startMs < 6000 };
    }
  });
}
