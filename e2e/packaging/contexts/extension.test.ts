/** `examples/extension` in Chromium, with the packed `varve`; and service workers of ordinary sites. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { Chromium, Profile, type RunningBrowser } from '@varve/crashkit/playwright';
import type { Page } from 'playwright-core';
import { expect, inject, onTestFinished, test } from 'vitest';
import { appPage, appScript, volumeScript } from './app.ts';
import { survivesByLedger } from './ledger.ts';
import { record, survivedAs } from './results.ts';
import { staticServer } from './servers.ts';
import { launchOf, pathOf, ready } from './survival.ts';
import { workshop, type Workshop } from './workshop.ts';

const SECTION = 'Service workers and extensions';
const EXAMPLE = new URL('../../../examples/extension/', import.meta.url);

async function example(): Promise<Workshop> {
  const files: Record<string, string> = {
    'app.html': appPage('./app.js'),
    'app.js': appScript('/node_modules/varve/index.js'),
    'volume.html': appPage('./volume.js'),
    'volume.js': volumeScript('/node_modules/varve/volume.js'),
    'first.txt': 'a page that somebody visits',
    'second.txt': 'and another one',
  };
  for (const name of await readdir(EXAMPLE)) {
    if (/\.(?:js|html)$|^manifest\.json$/.test(name))
      files[name] = await readFile(new URL(name, EXAMPLE), 'utf8');
  }
  return workshop({}, [inject('tarballs').varve], files);
}

/** Chromium's name for an unpacked extension: its folder's hash, in letters from a to p. */
const originOf = ({ folder }: Workshop): string =>
  `chrome-extension://${createHash('sha256')
    .update(folder)
    .digest('hex')
    .slice(0, 32)
    .replaceAll(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)))}`;

const launchWith =
  ({ folder }: Workshop) =>
  (profile: Profile): Promise<RunningBrowser> =>
    Chromium.launch(pathOf('chromium'), profile, [
      `--load-extension=${folder}`,
      `--disable-extensions-except=${folder}`,
      '--disable-features=DisableLoadExtensionCommandLineSwitch',
    ]);

async function visit(browser: RunningBrowser, url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

const said = (page: Page, name: string) =>
  page.locator(`html[data-${name}]`).getAttribute(`data-${name}`, { timeout: 30_000 });

for (const [file, context] of [
  ['app.html', 'extension (manifest version 3): a page of it'],
  ['volume.html', 'extension: a volume in a page of it'],
] as const) {
  test(`${context}: it owns the engine, what was acknowledged is there after a kill`, async () => {
    const project = await example();
    const survived = await survivesByLedger(launchWith(project), async (browser) => {
      const page = await visit(browser, `${originOf(project)}/${file}`);
      await ready(page);
      return { page, app: page };
    });
    record({
      section: SECTION,
      context,
      outcome: 'works',
      version: survived.browser,
      shown: survivedAs(survived),
    });
  });
}

test('content script: refused; background: into the inbox, kept over a kill, or through the offscreen document', async () => {
  const project = await example();
  const url = await staticServer(project.folder);
  const launch = launchWith(project);
  const profile = new Profile('extension');
  let browser = await launch(profile);
  onTestFinished(async () => {
    await browser.close();
    profile.remove();
  });
  const first = await visit(browser, `${url}first.txt`);
  expect(await said(first, 'varve-refused')).toBe('CONTEXT_UNSUPPORTED');
  expect(await said(first, 'varve-receipt')).toBe('inbox');

  await browser.kill();
  browser = await launch(profile);
  const page = await visit(browser, `${originOf(project)}/page.html`);
  await ready(page);
  await page.locator('li').filter({ hasText: 'first.txt' }).waitFor();

  const order = (name: string) =>
    page.evaluate(`chrome.runtime.sendMessage({ order: ${JSON.stringify(name)} })`);
  expect(await order('keepOpen')).toEqual({ result: null });
  const second = await visit(browser, `${url}second.txt`);
  expect(await said(second, 'varve-receipt')).toMatch(/^lsn \d+$/);
  await page.locator('li').filter({ hasText: 'second.txt' }).waitFor();
  await page.reload();
  await ready(page);
  await expect
    .poll(() => page.locator('li').allTextContents())
    .toEqual([`${url}first.txt`, `${url}second.txt`]);
  const version = browser.version;
  record({
    section: SECTION,
    context: 'extension: background, by `varve/service-worker`; offscreen document',
    outcome: 'works (appends)',
    version,
    shown:
      'into the inbox, browser killed, taken up once; through the offscreen document with its LSN',
  });
  record({
    section: SECTION,
    context: 'extension: content script',
    outcome: 'refused: `CONTEXT_UNSUPPORTED`',
    version,
    shown: 'refused; it sends to the background',
  });
});

/** Of the page and of its service worker. Pictures are the page's own wish. */
const STRICT = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self'",
};

const SERVICE_WORKER = `
import { openAppender } from './node_modules/varve/service-worker.js';
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', ({ data, ports: [port] }) => {
  const perform = async () => {
    const appender = await openAppender('packaging');
    const receipts = [];
    for (const value of data) receipts.push(await appender.append(value));
    await appender.close();
    return receipts;
  };
  perform().then((result) => port.postMessage(result), (error) => port.postMessage(String(error)));
});
`;

test("a site's service worker: what it was promised for is in the log after a kill, once", async () => {
  const project = await workshop({}, [inject('tarballs').varve], {
    'index.html': '<!doctype html><title>blank</title>',
    'app.html': appPage('./app.js'),
    'app.js': appScript('/node_modules/varve/index.js'),
    'service-worker.js': SERVICE_WORKER,
  });
  const url = await staticServer(project.folder, STRICT);
  const profile = new Profile('service-worker');
  let browser = await launchOf()(profile);
  onTestFinished(async () => {
    await browser.close();
    profile.remove();
  });
  const page = await visit(browser, url);
  const values = ['one', 'two', 'three'];
  const receipts = await page.evaluate(async (given) => {
    await navigator.serviceWorker.register('/service-worker.js', { type: 'module' });
    const { active } = await navigator.serviceWorker.ready;
    const { port1, port2 } = new MessageChannel();
    active!.postMessage(given, [port2]);
    return new Promise((resolve) => {
      port1.addEventListener('message', ({ data }) => resolve(data));
      port1.start();
    });
  }, values);
  expect(receipts).toEqual(values.map(() => ({ inbox: true })));
  for (const how of ['kill', 'close'] as const) {
    await browser[how]();
    browser = await launchOf()(profile);
    const again = await visit(browser, `${url}app.html`);
    await ready(again);
    await expect.poll(() => again.evaluate(() => window.app.readAll())).toEqual(values);
  }
  record({
    section: SECTION,
    context: "a site's service worker, by `varve/service-worker`, no tab open",
    outcome: 'works (appends)',
    version: browser.version,
    shown: 'into the inbox, browser killed, taken up once; under the strict policy',
  });
});

/** One dot. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test("`examples/media`, a site's service worker: what was stored is served after a kill, while no tab has it open", async () => {
  const worker = await readFile(new URL('../media/service-worker.js', EXAMPLE), 'utf8');
  const project = await workshop({}, [inject('tarballs').varve], {
    'index.html': '<!doctype html><title>blank</title>',
    // No import maps in workers: by URL.
    'service-worker.js': worker.replace("'varve/reader'", "'./node_modules/varve/reader.js'"),
    'store.js': `import { openLog } from '/node_modules/varve/index.js';
import { bytesCodec } from '/node_modules/varve/codec.js';
window.store = async (png) => {
  const log = await openLog('media', { codec: bytesCodec });
  await log.append(Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0)));
  await log.appendStream(new Blob([new Uint8Array(2_000_000).fill(7)]).stream());
  await log.append(new Uint8Array(1));
};`,
    'store.html': '<!doctype html><script type="module" src="./store.js"></script>',
  });
  const url = await staticServer(project.folder, STRICT);
  const profile = new Profile('media');
  let browser = await launchOf()(profile);
  onTestFinished(async () => {
    await browser.close();
    profile.remove();
  });
  const writer = await visit(browser, `${url}store.html`);
  await writer.evaluate(`store('${PNG}')`);
  await writer.evaluate(async () => {
    await navigator.serviceWorker.register('/service-worker.js', { type: 'module' });
    await navigator.serviceWorker.ready;
  });
  // What was written last is proven a moment later.
  await writer.waitForTimeout(200);
  await browser.kill();
  browser = await launchOf()(profile);
  const page = await visit(browser, url);
  const shown = await page.evaluate(async () => {
    const image = new Image();
    image.src = '/media/1';
    await image.decode();
    const part = await fetch('/media/2', { headers: { Range: 'bytes=1500000-1500009' } });
    const { held } = await navigator.locks.query();
    const bytes = [...new Uint8Array(await part.arrayBuffer())];
    return { width: image.naturalWidth, status: part.status, bytes, held: held?.length };
  });
  expect(shown).toEqual({
    width: 1,
    status: 206,
    bytes: Array.from({ length: 10 }, () => 7),
    held: 0,
  });
  record({
    section: SECTION,
    context:
      "a site's service worker, by `varve/reader`, no tab open: `<img>`, and a range of a large value",
    outcome: 'works (reads)',
    version: browser.version,
    shown:
      'stored by a page, browser killed; picture shown and range read from the files; under the strict policy',
  });
});
