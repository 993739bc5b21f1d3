/** Firefox is a stock one: its path in FIREFOX, else only Chromium is killed. */
import { defineConfig } from '@playwright/test';

const { CHROMIUM, FIREFOX } = process.env;
const launch = (executablePath) => (executablePath ? { executablePath } : {});

export default defineConfig({
  workers: 1,
  timeout: 120_000,
  projects: [
    { name: 'chromium', use: { browserName: 'chromium', launchOptions: launch(CHROMIUM) } },
    ...(FIREFOX
      ? [{ name: 'firefox', use: { browserName: 'firefox', launchOptions: launch(FIREFOX) } }]
      : []),
  ],
});
