/**
 * Playwright tests with a `crash`: each has a profile and a browser of its own.
 *
 * The browser is the one that the project names (`browserName`, `launchOptions.executablePath`); what
 * is served is the option `crashApp`.
 */
import {
  type PlaywrightTestArgs,
  type PlaywrightTestOptions,
  type PlaywrightWorkerArgs,
  type PlaywrightWorkerOptions,
  test as base,
  type TestType,
} from '@playwright/test';
import { Crash } from './crash.ts';
import { launcherOf } from './launch.ts';
import { PageServer, type PageServerOptions } from './page-server.ts';

export interface CrashFixtures {
  /** The app under test: a built folder, or a server that has it. */
  crashApp: PageServerOptions;
  crash: Crash;
}

export const test: TestType<
  PlaywrightTestArgs & PlaywrightTestOptions & CrashFixtures,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions
> = base.extend<CrashFixtures>({
  crashApp: [{}, { option: true }],
  crash: async ({ crashApp, browserName, launchOptions }, use) => {
    if (browserName === 'webkit') throw new Error('WebKit cannot be killed by this kit');
    if (crashApp.folder === undefined && crashApp.upstream === undefined) {
      throw new Error('say what is tested: test.use({ crashApp: { folder } }) or { upstream }');
    }
    const launch = launcherOf(browserName, launchOptions.executablePath);
    const server = await PageServer.start(crashApp);
    try {
      const crash = await Crash.start({ server, launch });
      try {
        await use(crash);
      } finally {
        await crash.close();
      }
    } finally {
      await server.close();
    }
  },
});

export { expect } from '@playwright/test';
