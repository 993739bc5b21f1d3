/** Where Chromium is: named by the environment, Playwright's own, or the system's. */
import { access } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const SYSTEM_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export async function findChromium(): Promise<string> {
  const places = [process.env['VARVE_CHROMIUM'], chromium.executablePath(), ...SYSTEM_PLACES];
  for (const place of places) {
    if (place === undefined || place === '') continue;
    const there = await access(place).then(
      () => true,
      () => false,
    );
    if (there) return place;
  }
  throw new Error('No Chromium found. Set VARVE_CHROMIUM to the path of one.');
}
