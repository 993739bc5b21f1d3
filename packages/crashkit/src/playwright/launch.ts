/** How to start the browser of a name. */
import { chromium } from '@playwright/test';
import { Chromium } from './chromium.ts';
import { Firefox } from './firefox.ts';
import type { BrowserName, Launch } from './running-browser.ts';

/**
 * @param executablePath Chromium: default is Playwright's own; Firefox: a stock Firefox (ESR 140 or
 *   newer), since Playwright's own build cannot lose one content process alone
 */
export function launcherOf(name: BrowserName, executablePath?: string): Launch {
  if (name === 'chromium') {
    return (profile) => Chromium.launch(executablePath ?? chromium.executablePath(), profile);
  }
  if (executablePath === undefined) throw new Error('name the path of a stock Firefox');
  return (profile) => Firefox.launch(executablePath, profile);
}
