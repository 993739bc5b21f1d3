/** Contexts that refuse storage: STORAGE_DENIED naming the part, within a second; memory on request. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Frame, Page } from '@playwright/test';
import { expect, test as base } from '../harness/fixture.ts';

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

test('a sandboxed frame has no storage: refused by name; memory only on request', async ({
  tabs,
  host,
}) => {
  const page = await tabs.browser.newPage();
  const frame = await frameOf(
    page,
    await host('sandbox="allow-scripts"', `${tabs.origin}/lab.html`),
  );
  const refused = await open(frame, 'refuse');
  expect(refused).toMatchObject({
    error: { code: expect.stringMatching(/STORAGE_DENIED|WORKER_LOAD_FAILED/) },
  });
  expect('error' in refused && refused.error.afterMs).toBeLessThan(5000);
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

const PARTS = {
  opfs: "navigator.storage.getDirectory = async () => { throw new DOMException('no', 'SecurityError'); }",
  'sync-access-handle':
    "FileSystemFileHandle.prototype.createSyncAccessHandle = async () => { throw new DOMException('no', 'UnknownError'); }",
  'indexed-db': "indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); }",
  'web-locks':
    "LockManager.prototype.request = LockManager.prototype.query = async () => { throw new DOMException('no', 'SecurityError'); }",
} as const;

for (const [part, refusal] of Object.entries(PARTS)) {
  test(`a browser that refuses ${part}: STORAGE_DENIED names it; memory on request, and visible`, async ({
    tabs,
  }) => {
    const page = await tabs.browser.newPage();
    // The worker's own script, with the refusal before it.
    await page.route('**/assets/worker-*.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${refusal};\n${await response.text()}` });
    });
    await page.goto(`${tabs.origin}/lab.html`);
    await page.waitForSelector('body[data-ready]', { state: 'attached' });
    const refused = await open(page, 'refuse');
    expect(refused).toMatchObject({ error: { code: 'STORAGE_DENIED', facts: { part } } });
    expect('error' in refused && refused.error.afterMs).toBeLessThan(2500);
    expect(await open(page, 'memory')).toEqual({ value: { mode: 'memory', survives: 'none' } });
  });
}
