/** Builds the test app once per run, as an application would be built. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'vite';

const APP = join(import.meta.dirname, '..', 'app');

export interface BuiltApp {
  readonly folder: string;
  remove(): void;
}

/** Served from the root, since it looks after all pages. */
const SERVICE_WORKER = 'service-worker';

/** `plugins` patch sources on their way in: how a broken build is made. */
export async function buildApp(
  pages: readonly string[],
  plugins: () => Plugin[] = () => [],
): Promise<BuiltApp> {
  const folder = mkdtempSync(join(tmpdir(), 'varve-app-'));
  await build({
    configFile: false,
    root: APP,
    base: './',
    logLevel: 'warn',
    plugins: plugins(),
    worker: { format: 'es', plugins },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      minify: false,
      rollupOptions: {
        input: pages.map((page) =>
          join(APP, page === SERVICE_WORKER ? `${page}.ts` : `${page}.html`),
        ),
        output: {
          entryFileNames: ({ name }) =>
            name === SERVICE_WORKER ? '[name].js' : 'assets/[name]-[hash].js',
        },
      },
    },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
