/** Vite 5 to 8, built and in development, and SvelteKit on it. */
import { join } from 'node:path';
import type { Crash } from '@varve/crashkit/playwright';
import { describe, expect, test } from 'vitest';
import { APPS, VOLUME_PATH } from './app.ts';
import { PLAIN, projectOf, testBundlers, type Bundler } from './bundler.ts';
import { record } from './results.ts';
import { programServer, staticServer } from './servers.ts';
import { crashOf } from './survival.ts';
import type { Workshop } from './workshop.ts';

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
    ...APPS,
    'src/routes/+page.svelte': `<script>import '../../main.js';</script><main>blank</main>`,
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

testBundlers([...VITES, ...KITS]);

describe('without that line', () => {
  for (const bundler of VITES.filter(({ line }) => line !== undefined)) {
    test(`${bundler.name}: WORKER_LOAD_FAILED within 5 s, naming the cure`, async () => {
      const upstream = await serveDev(await projectOf({ ...bundler, files: PLAIN }));
      const crash = await crashOf({ upstream });
      for (const path of ['/', VOLUME_PATH]) {
        expect(await refusalAt(crash, path)).toMatchObject({
          code: 'WORKER_LOAD_FAILED',
          message: expect.stringContaining(EXCLUDE),
          inTime: true,
        });
      }
      record({
        section: 'Bundlers',
        context: `${bundler.name}, without that line`,
        outcome: 'refused: `WORKER_LOAD_FAILED`',
        version: crash.browser.version,
        shown: 'refused within 5 s, the message names the line (a log, and a volume)',
      });
    });
  }
});

async function refusalAt(crash: Crash, path: string): Promise<unknown> {
  const { page } = await crash.open(path);
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
