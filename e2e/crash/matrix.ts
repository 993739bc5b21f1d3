/**
 * `npm run matrix`: measures every browser of this machine and writes the table into docs/SAFETY.md,
 * stamped with versions and date. `-- --print` only prints it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type BrowserName, Crash, within } from '@varve/crashkit/playwright';
import { type MatrixColumn, type MatrixRow, matrixTable } from '@varve/crashkit/matrix';
import type { Page } from 'playwright-core';
import { pathOf } from '../harness/browsers.ts';
import { Stage } from '../harness/stage.ts';
import { StorageControl } from '../harness/storage-control.ts';

const DOCUMENT = new URL('../../docs/SAFETY.md', import.meta.url);
const BEGIN = '<!-- matrix: npm run matrix -->';
const END = '<!-- /matrix -->';
const ROW_DEADLINE_MS = 40_000;
const NEVER_MEASURED = 'Safari; Chrome on macOS, Windows, Android';

async function ready(page: Page, origin: string): Promise<Page> {
  if (!page.url().startsWith(origin)) await page.goto(`${origin}/matrix.html`);
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  return page;
}

/** How long a file stays taken after what held it has gone. */
async function release(crash: Crash, kill: 'close' | 'navigate' | 'renderer'): Promise<MatrixRow> {
  const other = await crash.open('/matrix.html');
  await ready(other.page, crash.origin);
  const tab = await crash.open('/matrix.html');
  await ready(tab.page, crash.origin);
  await tab.page.evaluate(() => window.matrix.hold());
  await crash.kill(tab, kill);
  const how = { close: 'closed', navigate: 'navigated away', renderer: 'killed (SIGKILL)' }[kill];
  const what = `a handle after its tab was ${how}: free in`;
  // Firefox gives all tabs of an origin one process.
  const found = await other.page
    .evaluate(() => window.matrix.untilFree())
    .then(
      (ms) => `${ms.toFixed(0)} ms`,
      () => 'the origin’s other tabs died with it',
    );
  other.page.close().catch(() => undefined);
  if (kill === 'navigate') await tab.page.close();
  return { what, found };
}

/** Only a browser that is driven over CDP takes an order about quota, … */
async function underQuota(crash: Crash): Promise<MatrixRow> {
  const { page } = await crash.open('/matrix.html');
  await ready(page, crash.origin);
  const storage = await StorageControl.of(page);
  await storage.setQuota((await storage.usageBytes()) + 16 * 2 ** 20);
  const found = await page.evaluate(() => window.matrix.growUnderQuota());
  await storage.setQuota();
  await page.close();
  return { what: 'a write of 32 MiB across the end, with 16 MiB of quota left', found };
}

/** … or clears on demand. */
async function afterClearing(crash: Crash): Promise<MatrixRow> {
  const { page } = await crash.open('/matrix.html');
  await ready(page, crash.origin);
  await page.evaluate(() => window.matrix.hold());
  await (await StorageControl.of(page)).clear('file_systems');
  const found = await page.evaluate(() => window.matrix.use());
  return {
    what: 'write and flush on an open handle after the site’s data were cleared',
    found: found === 'ok' ? 'both succeed, into nothing' : String(found),
  };
}

/** A row that takes too long says so. */
const timed = (what: string, row: Promise<MatrixRow>): Promise<MatrixRow> =>
  within(ROW_DEADLINE_MS, what, row).catch((error: unknown) => ({ what, found: String(error) }));

async function columnsOf(browser: BrowserName): Promise<MatrixColumn[]> {
  const stage = await Stage.set({
    browser,
    pages: ['matrix'],
    killPoints: false,
    // Finer clocks.
    isolated: true,
  });
  const crash = await Crash.start({ server: stage.server, launch: stage.launch, label: 'matrix' });
  try {
    const { page } = await crash.open('/matrix.html');
    await ready(page, crash.origin);
    const rows = await page.evaluate(() => window.matrix.measureMatrix());
    await page.close();
    for (const kill of ['close', 'navigate', 'renderer'] as const) {
      rows.push(await timed(`release after ${kill}`, release(crash, kill)));
    }
    const { version } = crash.browser;
    if (browser === 'firefox') return [{ name: version, rows }];
    rows.push(await timed('growing under a quota', underQuota(crash)));
    rows.push(await timed('clearing', afterClearing(crash)));
    const hidden = await crash.browser.context.browser()!.newContext();
    const inPrivate = await ready(await hidden.newPage(), crash.origin);
    const forgotten = await inPrivate.evaluate(() => window.matrix.measureMatrix());
    await hidden.close();
    return [
      { name: version, rows },
      { name: `${version}, private window`, rows: forgotten },
    ];
  } finally {
    await crash.close();
    await stage.strike();
  }
}

const columns: MatrixColumn[] = [];
for (const browser of ['chromium', 'firefox'] as const) {
  if ((await pathOf(browser)) === undefined) console.log(`no ${browser} here: left out`);
  else columns.push(...(await columnsOf(browser)));
}
const date = new Date().toISOString().slice(0, 10);
const system = `${process.platform}, ${process.arch}`;
const table = matrixTable([...columns, { name: NEVER_MEASURED, rows: [] }]);
const text = `Measured ${date} on ${system}, once, on a machine with other work; times are no promise.\n\n${table}`;
console.log(text);
if (!process.argv.includes('--print')) {
  const document = readFileSync(DOCUMENT, 'utf8');
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('docs/SAFETY.md has no markers');
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
}
