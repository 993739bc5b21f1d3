/**
 * Kills a real tab, its worker, its process or its browser while it writes, opens the app again on
 * the same profile, and judges what is there.
 *
 * Who owns what: `Crash` the life of an app over many deaths, its profile, what it issued and
 * acknowledged · `Tab` one page and which process runs it · `PageServer` the origin, and what comes
 * out of pages and workers · `Chromium`, `Firefox` a browser that survives nothing on purpose.
 */
export { Chromium } from './chromium.ts';
export {
  Crash,
  type CrashOptions,
  type Judgement,
  type Kill,
  KILLS,
  type Moment,
} from './crash.ts';
export { type CrashFixtures, expect, test } from './fixture.ts';
export { type CrashkitGlobal, KILL_POINTS, type KillPoint, type StopAt } from './kill-point.ts';
export { launcherOf } from './launch.ts';
export { PageServer, type PageServerOptions } from './page-server.ts';
export { HAS_PROC } from './processes.ts';
export { Profile } from './profile.ts';
export type { RandomMoment } from './random-moment.ts';
export type { BrowserName, Launch, RunningBrowser } from './running-browser.ts';
export { MemoryOnlyError, Tab } from './tab.ts';
export { within } from './within.ts';
