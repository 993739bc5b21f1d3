/** What the kit asks of a browser, whichever it is. */
import type { BrowserContext, Page } from '@playwright/test';
import type { Profile } from './profile.ts';

export type BrowserName = 'chromium' | 'firefox';

export interface RunningBrowser {
  readonly version: string;
  readonly context: BrowserContext;
  newPage(): Promise<Page>;
  /** Its processes that hold files of the profile's storage open, and how many each. */
  storageHolders(): Map<number, number>;
  /** SIGKILLs every process of the browser. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export type Launch = (profile: Profile) => Promise<RunningBrowser>;
