/** What the harness asks of a browser, whichever it is. */
import type { Page } from 'playwright-core';
import type { Profile } from './profile.ts';

export type BrowserName = 'chromium' | 'firefox';

export interface RunningBrowser {
  readonly version: string;
  newPage(): Promise<Page>;
  /** SIGKILLs the process whose page holds the store; returns its pid. */
  killRenderer(): Promise<number>;
  /** SIGKILLs every process of the browser. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export type Launch = (profile: Profile) => Promise<RunningBrowser>;
