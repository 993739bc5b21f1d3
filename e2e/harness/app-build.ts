/**
 * Builds the test app, as an application would be built.
 *
 * Always true: a process builds the same pages from the same sources once, and what it built is gone
 * when it ends. A build of patched sources is its own, and goes when it is not needed any more.
 */
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

const shared = new Map<string, Promise<BuiltApp>>();
const folders = new Set<string>();

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });

process.once('exit', () => folders.forEach(remove));

/** `plugins` patch sources on their way in: how a broken build is made. */
export async function buildApp(
  pages: readonly string[],
  plugins?: () => Plugin[],
): Promise<BuiltApp> {
  if (plugins !== undefined) return buildAnew(pages, plugins);
  const key = pages.join();
  const building = shared.get(key) ?? buildAnew(pages, () => []);
  shared.set(key, building);
  const { folder } = await building;
  return { folder, remove: () => undefined };
}

async function buildAnew(pages: readonly string[], plugins: () => Plugin[]): Promise<BuiltApp> {
  const folder = mkdtempSync(join(tmpdir(), 'varve-app-'));
  folders.add(folder);
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
  return { folder, remove: () => remove(folder) };
}
