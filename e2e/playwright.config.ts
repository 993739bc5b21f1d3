/**
 * The lanes that need a real browser. Two files at a time where there are two cores: most of their time
 * is waiting. No retries: a crash test that fails once has failed.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';
import { pathOf } from './harness/browsers.ts';

const executablePath = await pathOf('chromium');
// Here, because every process that runs tests inherits it.
process.env['VARVE_SEED'] ??= String(Date.now() % 2 ** 31);

/** The last such list counts, so what Playwright turns off stands here again. */
const PLAYWRIGHTS_OFF = [
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades'],
  ...['DialMediaRouteProvider', 'MediaRouter', 'GlobalMediaControls', 'LensOverlay', 'Translate'],
  ...['PaintHolding', 'ThirdPartyStoragePartitioning', 'BlockOriginHeaderModificationOnRedirect'],
  ...['AvoidCorsURLLoaderRestartOnRedirect', 'OptimizationHints', 'NetworkTimeServiceQuerying'],
];
/** Pages of an address bar that nobody sees: half a second of a core for each window. */
const ADDRESS_BAR = ['AimEnabled', 'WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'];

export default defineConfig({
  testDir: 'tests',
  testMatch: '**/*.spec.ts',
  workers: Math.min(2, availableParallelism()),
  retries: 0,
  fullyParallel: false,
  forbidOnly: process.env['CI'] !== undefined,
  reporter: 'list',
  timeout: 120_000,
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: {
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [
        ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
        `--disable-features=${[...PLAYWRIGHTS_OFF, ...ADDRESS_BAR].join()}`,
      ],
    },
  },
});
