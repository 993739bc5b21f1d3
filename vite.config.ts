/**
 * The test projects: `node`, and `chromium` and `firefox` for what must run in a real browser
 * (`vitest run --project chromium`).
 *
 * A browser comes from VARVE_CHROMIUM or VARVE_FIREFOX, else from the usual places of the machine; a
 * project whose browser cannot be had is left out, and said to be. Nothing is downloaded here.
 */
import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import type { BrowserInstanceOption } from 'vitest/node';
import { oneFileWorkers } from './scripts/build/one-file-workers.mjs';

interface Browser {
  readonly name: 'chromium' | 'firefox';
  readonly variable: string;
  readonly commands: readonly string[];
  readonly launchOptions: { readonly channel?: string; readonly args?: string[] };
}

const BROWSERS: readonly Browser[] = [
  {
    name: 'chromium',
    variable: 'VARVE_CHROMIUM',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    launchOptions: {
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat([
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ]),
    },
  },
  {
    name: 'firefox',
    variable: 'VARVE_FIREFOX',
    commands: ['firefox-esr', 'firefox'],
    // Drives a stock Firefox over WebDriver BiDi; Playwright's own channel needs its own build.
    launchOptions: { channel: 'moz-firefox' },
  },
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function executableOf({ variable, commands }: Browser): string | undefined {
  const chosen = process.env[variable];
  if (chosen !== undefined && chosen !== '') return chosen;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return commands.flatMap((name) => folders.map((dir) => join(dir, name))).find(isExecutable);
}

function browserInstance(browser: Browser): BrowserInstanceOption[] {
  const executablePath = executableOf(browser);
  if (executablePath === undefined) {
    console.warn(`no ${browser.name} (set ${browser.variable}): its tests are left out`);
    return [];
  }
  const provider = playwright({ launchOptions: { ...browser.launchOptions, executablePath } });
  return [{ browser: browser.name, name: browser.name, provider }];
}

const instances = BROWSERS.flatMap(browserInstance);

/** Machines that test are slow and shared: a time limit only ends what hangs. */
const testTimeout = 60_000;

const browserProject: TestProjectInlineConfiguration = {
  plugins: [
    oneFileWorkers([
      'packages/varve/src/worker.ts',
      'packages/varve/src/volume-worker.ts',
      'packages/varve/src/ports-worker.ts',
      'packages/engine/src/worker-crashtest.ts',
    ]),
  ],
  // Shared memory exists only in isolated pages. e2e serves without: nothing else may need it.
  server: {
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Cross-Origin-Resource-Policy': 'same-origin',
    },
  },
  // Found late, a dependency makes the dev server reload the page under a running test.
  optimizeDeps: { include: ['idb', 'comlink'] },
  test: {
    name: 'browsers',
    testTimeout,
    include: ['{packages,examples}/**/*.browser.test.ts'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      api: { host: '127.0.0.1' },
      instances,
    },
  },
};

export default defineConfig({
  test: {
    // By default one core stays free for whoever watches.
    maxWorkers: availableParallelism(),
    projects: [
      {
        test: {
          name: 'node',
          testTimeout,
          include: ['{packages,scripts,examples,apps,e2e/harness}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.browser.test.ts'],
        },
      },
      ...(instances.length > 0 ? [browserProject] : []),
    ],
  },
});
