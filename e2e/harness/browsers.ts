/** Which browser programs there are, as `scripts/browsers.mjs` finds them. */
import {
  type BrowserName,
  type Launch,
  launcherOf as crashkitLauncherOf,
} from '@varve/crashkit/playwright';

interface Found {
  readonly chromium?: { readonly path: string };
  readonly firefox?: { readonly path: string };
}

/** The path of a browser, or undefined. Its environment variable spares the search. */
export async function pathOf(name: BrowserName): Promise<string | undefined> {
  const chosen = process.env[`VARVE_${name.toUpperCase()}`];
  if (chosen !== undefined && chosen !== '') return chosen;
  const scripts = new URL('../../scripts/browsers.mjs', import.meta.url).href;
  const { findBrowsers } = (await import(scripts)) as {
    findBrowsers(options: { get: boolean }): Promise<Found>;
  };
  return (await findBrowsers({ get: false }))[name]?.path;
}

/** @throws when there is none on this machine */
export async function launcherOf(name: BrowserName): Promise<Launch> {
  const path = await pathOf(name);
  if (path === undefined) {
    throw new Error(`no ${name} here: set VARVE_${name.toUpperCase()} to the path of one`);
  }
  return crashkitLauncherOf(name, path);
}
