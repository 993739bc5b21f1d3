/** Contexts that refuse storage: STORAGE_DENIED naming the part, within a second; memory on request. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Frame, Page } from '@playwright/test';
import { expect, test as base } from '../harness/fixture.ts';

/** From the call of `openLog` to its rejection, seen from inside the page. A promise of the product. */
const PROMISED_MS = 1000;
const TRIES = 3;

/** A page of another site that holds ours in a frame. */
const test = base.extend<{ host: (attributes: string, source: string) => Promise<string> }>({
  host: async ({ browserName: _ }, use) => {
    let markup = '';
    const server: Server = createServer((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(markup),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await use(async (attributes, source) => {
      markup = `<!doctype html><iframe ${attributes} src="${source}"></iframe>`;
      return `http://127.0.0.1:${port}/`;
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
});

async function frameOf(page: Page, url: string): Promise<Frame> {
  await page.goto(url);
  const element = await page.waitForSelector('iframe');
  const frame = (await element.contentFrame())!;
  await frame.waitForSelector('body[data-ready]', { state: 'attached' });
  return frame;
}

const open = (frame: Page | Frame, fallback: 'refuse' | 'memory') =>
  frame.evaluate(
    (given) =>
      window.lab.settle(async () => {
        const log = await window.lab.openLog('framed', { fallback: given });
        await log.append('kept?');
        const { mode, survives } = log.status();
        await log.close();
        return { mode, survives };
      }),
    fallback,
  );

/**
 * Refused, by this part and within the second. A machine that has no time for the page hits one try, a
 * wait of ours hits each.
 */
async function expectRefusal(place: Page | Frame, part: string, why = part): Promise<void> {
  let afterMs = Infinity;
  for (let tries = 0; tries < TRIES && afterMs > PROMISED_MS; tries++) {
    const refused = await open(place, 'refuse');
    expect(refused, why).toMatchObject({ error: { code: 'STORAGE_DENIED', facts: { part } } });
    if ('error' in refused) ({ afterMs } = refused.error);
  }
  expect(afterMs, why).toBeLessThanOrEqual(PROMISED_MS);
}

test('a sandboxed frame has no storage: refused by name; and no worker, so no memory either', async ({
  tabs,
  host,
}) => {
  const page = await tabs.browser.newPage();
  const frame = await frameOf(
    page,
    await host('sandbox="allow-scripts"', `${tabs.origin}/lab.html`),
  );
  await expectRefusal(frame, 'opfs');
  expect(await open(frame, 'memory')).toMatchObject({ error: { code: 'WORKER_LOAD_FAILED' } });
});

test('a frame of another site has storage of its own, or is told that it has none', async ({
  tabs,
  host,
}) => {
  const page = await tabs.browser.newPage();
  const frame = await frameOf(page, await host('', `${tabs.origin}/lab.html`));
  const settled = await open(frame, 'refuse');
  if ('error' in settled) expect(settled.error.code).toBe('STORAGE_DENIED');
  else expect(settled.value.mode).toBe('opfs');
  // Partitioned: the same origin at the top sees none of it.
  const top = await tabs.open();
  expect(await top.evaluate(() => window.lab.listStores())).toEqual([]);
});

/** Each part, and the methods it is used by; every one of them in page and worker alike. */
const PARTS = {
  opfs: ['StorageManager.prototype.getDirectory'],
  'sync-access-handle': ['FileSystemFileHandle.prototype.createSyncAccessHandle'],
  'indexed-db': ['IDBFactory.prototype.open', 'IDBFactory.prototype.databases'],
  'web-locks': ['LockManager.prototype.request', 'LockManager.prototype.query'],
} as const;

const REFUSED = "new DOMException('no', 'SecurityError')";

/** How a browser refuses. (Silence is no refusal: `packages/protocol/src/first-refusal.ts`.) */
const WAYS = {
  throws: `() => { throw ${REFUSED}; }`,
  rejects: `() => Promise.reject(${REFUSED})`,
  missing: 'undefined',
} as const;

function refusalOf(part: keyof typeof PARTS, way: keyof typeof WAYS): string {
  return PARTS[part].map((method) => `try { ${method} = ${WAYS[way]}; } catch {}`).join(' ');
}

/**
 * The page's and the worker's own scripts, with a refusal before them. A page that is refused does not
 * wait for its worker's script: the request ends in the middle.
 */
async function refuses(page: Page, refusal: () => string): Promise<void> {
  await page.route(/\/assets\/(?:lab|worker)-.*\.js/, async (route) => {
    try {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${refusal()};\n${await response.text()}` });
    } catch {
      await route.abort().catch(() => undefined);
    }
  });
}

const PART_NAMES = Object.keys(PARTS) as (keyof typeof PARTS)[];

for (const part of PART_NAMES) {
  test(`a browser that refuses ${part}, in any way: STORAGE_DENIED names it within a second; memory on request`, async ({
    tabs,
  }) => {
    const page = await tabs.browser.newPage();
    let refusal = '';
    await refuses(page, () => refusal);
    for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
      refusal = refusalOf(part, way);
      await page.goto(`${tabs.origin}/lab.html`);
      await page.waitForSelector('body[data-ready]', { state: 'attached' });
      await expectRefusal(page, part, way);
      if (way !== 'rejects') continue;
      expect(await open(page, 'memory')).toEqual({ value: { mode: 'memory', survives: 'none' } });
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
}

/** Whose storage is theirs, so that a browser may refuse each part of it by itself. */
const FRAMES = {
  'of another site': '',
  'that is sandboxed and keeps its origin': 'sandbox="allow-scripts allow-same-origin"',
  'without credentials': 'credentialless',
} as const;

const NEEDLESS = 'delete globalThis.BroadcastChannel; delete globalThis.SharedWorker';

for (const [kind, attributes] of Object.entries(FRAMES)) {
  test(`a frame ${kind}, in which one part is refused: STORAGE_DENIED names it within a second; BroadcastChannel and SharedWorker are not missed`, async ({
    tabs,
    host,
  }) => {
    const page = await tabs.browser.newPage();
    let refusal = '';
    await refuses(page, () => refusal);
    const url = await host(attributes, `${tabs.origin}/lab.html`);
    for (const part of PART_NAMES) {
      refusal = refusalOf(part, 'rejects');
      await expectRefusal(await frameOf(page, url), part);
    }
    refusal = NEEDLESS;
    const frame = await frameOf(page, url);
    expect(await open(frame, 'refuse')).toMatchObject({ value: { mode: 'opfs' } });
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
}

test('a browser without BroadcastChannel and SharedWorker: a store needs neither', async ({
  tabs,
}) => {
  const page = await tabs.browser.newPage();
  await refuses(page, () => NEEDLESS);
  await page.goto(`${tabs.origin}/lab.html`);
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  expect(await open(page, 'refuse')).toMatchObject({ value: { mode: 'opfs' } });
});
