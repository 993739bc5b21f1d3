/**
 * The lanes that need a real browser. One worker: kills and full disks do not share a machine well.
 * No retries: a crash test that fails once has failed.
 */
import { defineConfig } from '@playwright/test';
import { pathOf } from './harness/browsers.ts';

const executablePath = await pathOf('chromium');
// Here, because every process that runs tests inherits it.
process.env['VARVE_SEED'] ??= String(Date.now() % 2 ** 31);

export default defineConfig({
  testDir: 'tests',
  testMatch: '**/*.spec.ts',
  workers: 1,
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
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
    },
  },
});
