/**
 * Clear-site-data. A deleted file still takes writes and flushes (measured), so an engine that does
 * not look goes on acknowledging into the void.
 */
import type { Page } from '@playwright/test';
import { expect, test, type Tabs } from '../harness/fixture.ts';
import { StorageControl } from '../harness/storage-control.ts';

/** The promise, from the moment when the files are gone. */
const NOTICED_MS = 250;
/** Readings of two clocks, each cut to whole milliseconds. */
const CLOCK_SLACK_MS = 5;

/**
 * The worker tells of each acknowledgement that left it when it was decided: when the clock was last read
 * before. What the scheduler takes between the two is the machine's, however busy it is. Of a look for
 * the files it tells when it began and, of one that found them, how long it took. In a block: the names
 * of a bundle's own top level are not to meet these.
 */
const TELL_TIMES = `
{
  const times = new BroadcastChannel('times');
  let readMs = 0;
  let readings = 0;
  const now = performance.now;
  performance.now = function () {
    readMs = Date.now();
    readings++;
    return now.call(performance);
  };
  const post = self.postMessage;
  self.postMessage = function (message, ...rest) {
    if (message?.kind === 'appended') times.postMessage({ decidedMs: readMs, readings });
    return post.call(this, message, ...rest);
  };
  const look = FileSystemDirectoryHandle.prototype.getFileHandle;
  FileSystemDirectoryHandle.prototype.getFileHandle = function (name, ...rest) {
    const looking = look.call(this, name, ...rest);
    if (name === 'journal') {
      const lookedMs = Date.now();
      times.postMessage({ lookedMs });
      looking.then(() => times.postMessage({ lookTookMs: Date.now() - lookedMs }), () => {});
    }
    return looking;
  };
}`;

test('storage cleared under an open store: nothing acknowledged 250 ms later, STORE_LOST names what may be void', async ({
  tabs,
}) => {
  const page = await tabs.browser.newPage();
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${TELL_TIMES};\n${await response.text()}` });
  });
  await page.goto(`${tabs.origin}/lab.html`);
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  const storage = await StorageControl.of(page);
  await page.evaluate(async () => {
    const { lab } = window;
    new BroadcastChannel('times').addEventListener('message', ({ data }) => lab.heard.push(data));
    const log = await lab.openLog<string>('doomed');
    log.addEventListener('lost', ({ detail }) => lab.heard.push({ lost: detail }));
    const storm = async (): Promise<void> => {
      for (;;) {
        try {
          lab.heard.push({ lsn: await log.append('x') });
        } catch (error) {
          const { code, facts, outcome } = error as {
            code: string;
            facts: object;
            outcome: string;
          };
          lab.heard.push({ code, facts, outcome });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    void storm();
    lab.log = log;
  });
  await page.waitForFunction(() => window.lab.heard.length > 40);
  // Right after a look: the longest time until the next.
  await page.evaluate(async () => {
    const { heard } = window.lab;
    const looks = (): number => heard.filter((it) => 'lookedMs' in (it as object)).length;
    for (const before = looks(); looks() === before;) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  await storage.clear('all');
  // The files were gone by then: the browser says so afterwards. One clock for both processes.
  const clearedMs = Date.now();
  await page.waitForFunction(() => window.lab.heard.some((it) => 'code' in (it as object)));
  const heard = await page.evaluate(() => window.lab.heard as Record<string, unknown>[]);

  const numbers = (name: string): number[] =>
    heard.flatMap(({ [name]: value }) => (typeof value === 'number' ? [value] : []));
  const acked = numbers('decidedMs');
  // Each by a clock that was read for it.
  const readings = numbers('readings');
  expect(readings.filter((count, at) => at > 0 && count === readings[at - 1])).toEqual([]);
  // Where looks take longer than the promise, it is the third that counts, from its beginning.
  const noticedMs = Math.max(NOTICED_MS, ...numbers('lookTookMs'));
  const lsns = numbers('lsn');
  const refusal = heard.find((it) => 'code' in it)!;
  const lost = heard.find((it) => 'lost' in it)?.['lost'] as { from: number; to: number };
  expect(acked.length).toBeGreaterThan(20);
  expect(Math.max(...acked) - clearedMs).toBeLessThanOrEqual(noticedMs + CLOCK_SLACK_MS);
  expect(refusal).toMatchObject({ code: 'STORE_LOST', outcome: 'unknown' });
  // Every acknowledgement that came after the clearing is named.
  expect(lost.to).toBeGreaterThanOrEqual(lsns.at(-1)!);
  const late = acked.filter((ms) => ms > clearedMs).length;
  expect(lost.to - lost.from + 1).toBeGreaterThanOrEqual(late);
  expect(await page.evaluate(() => window.lab.log?.status().state)).toBe('lost');
});

test('only the files are gone: reopening says STORE_LOST, never a fresh store, until it is deleted', async ({
  tabs,
}) => {
  const page = await tabs.open();
  await page.evaluate(async () => {
    const log = await window.lab.openLog('witnessed');
    await log.appendBatch([1, 2, 3]);
    await log.close();
  });
  await (await StorageControl.of(page)).clear('file_systems');
  await page.reload();
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  const open = () =>
    page.evaluate(() =>
      window.lab.settle(async () => void (await window.lab.openLog('witnessed'))),
    );
  const lost = { error: { code: 'STORE_LOST', facts: { store: 'witnessed' } } };
  expect(await open()).toMatchObject(lost);
  // Asking again does not wear it down.
  expect(await open()).toMatchObject(lost);
  expect(await page.evaluate(() => window.lab.listStores())).toMatchObject([
    { name: 'witnessed', lost: true },
  ]);
  await page.evaluate(() => window.lab.deleteStore('witnessed'));
  const lsn = await page.evaluate(async () =>
    (await window.lab.openLog('witnessed')).append('anew'),
  );
  expect(lsn).toBe(1);
});

test('only the witness is gone: the store is opened, and witnessed again', async ({ tabs }) => {
  const page = await tabs.open();
  await page.evaluate(async () => {
    const log = await window.lab.openLog('alone');
    await log.appendBatch([1, 2, 3]);
    await log.close();
  });
  const storage = await StorageControl.of(page);
  await storage.clear('indexeddb');
  const all = await page.evaluate(async () => {
    const log = await window.lab.openLog('alone');
    const values = await window.lab.readAll(log);
    await log.close();
    return values;
  });
  expect(all).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  await storage.clear('file_systems');
  await page.reload();
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  const reopened = await page.evaluate(() =>
    window.lab.settle(async () => void (await window.lab.openLog('alone'))),
  );
  expect(reopened).toMatchObject({ error: { code: 'STORE_LOST' } });
});

test('storage cleared under an idle store: closing it ends, and says what was lost', async ({
  tabs,
}) => {
  const page = await tabs.open();
  await page.evaluate(async () => {
    const { lab } = window;
    const log = await lab.openLog('idle');
    await log.appendBatch([1, 2, 3]);
    lab.log = log;
  });
  await (await StorageControl.of(page)).clear('all');
  // Chromium never returns from closing the handle of a file that was cleared away.
  const closed = await page.evaluate(() => window.lab.settle(() => window.lab.log!.close()));
  expect(closed).toMatchObject({ error: { code: 'STORE_LOST', facts: { to: 3 } } });
});

/** Each after the origin was cleared, and before the store could notice. */
const HANDED_BACK: Record<string, (page: Page, tabs: Tabs) => Promise<void>> = {
  'on the way into the back/forward cache and out of it': async (page, { origin }) => {
    await page.goto(`${origin}/blank.html`);
    await page.goBack({ waitUntil: 'commit' });
    await page.waitForSelector('body[data-ready]', { state: 'attached' });
  },
  'when the page is hidden and shown': async (page) => {
    await page.evaluate(async () => {
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      await new Promise((resolve) => setTimeout(resolve, 300));
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });
  },
  'when the page is frozen and resumed': async (page) => {
    await page.evaluate(async () => {
      document.dispatchEvent(new Event('freeze'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      document.dispatchEvent(new Event('resume'));
    });
  },
};

for (const [when, handBack] of Object.entries(HANDED_BACK)) {
  test(`storage cleared, and the store given back ${when}: STORE_LOST, no hang, no fresh store`, async ({
    tabs,
  }) => {
    const page = await tabs.open();
    await page.evaluate(async () => {
      window.lab.log = await window.lab.openLog('handed-back');
      await window.lab.log.appendBatch([1, 2, 3]);
    });
    await (await StorageControl.of(page)).clear('all');
    await handBack(page, tabs);
    const appended = () =>
      page.evaluate(() => window.lab.settle(() => window.lab.log!.append('into the void?')));
    // A browser may load the page anew instead of keeping it: then nothing is open in it.
    if (await page.evaluate(() => window.lab.log === undefined)) return;
    expect(await appended()).toMatchObject({ error: { code: 'STORE_LOST' } });
    expect(await appended()).toMatchObject({ error: { code: 'STORE_LOST' } });
    await page.evaluate(() => window.lab.settle(() => window.lab.log!.close()));
    // The application decides to begin anew. For some seconds Chromium answers nothing about files.
    const anew = () =>
      page.evaluate(() =>
        window.lab.settle(async () => (await window.lab.openLog('handed-back')).append('new')),
      );
    await expect.poll(anew, { timeout: 30_000 }).toEqual({ value: 1 });
  });
}

test('storage cleared while the store was given back: STORE_LOST, never a fresh store', async ({
  tabs,
}) => {
  const page = await tabs.open();
  await page.evaluate(async () => {
    window.lab.log = await window.lab.openLog('away');
    await window.lab.log.appendBatch([1, 2, 3]);
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  await (await StorageControl.of(page)).clear('all');
  const appended = await page.evaluate(() => {
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    return window.lab.settle(() => window.lab.log!.append('into the void?'));
  });
  expect(appended).toMatchObject({ error: { code: 'STORE_LOST', facts: { store: 'away' } } });
});

test('storage cleared under a store opened for reading: closing it ends', async ({ tabs }) => {
  const page = await tabs.open();
  await page.evaluate(async () => {
    const log = await window.lab.openLog('read');
    await log.appendBatch([1, 2, 3]);
    await log.close();
    window.lab.log = await window.lab.openLog('read', { readOnly: true });
  });
  await (await StorageControl.of(page)).clear('all');
  const closed = await page.evaluate(() => window.lab.settle(() => window.lab.log!.close()));
  expect('error' in closed ? closed.error.afterMs : 0).toBeLessThan(5000);
});

test('a lost store that is hidden and shown stays lost', async ({ tabs }) => {
  const page = await tabs.open();
  await page.evaluate(async () => {
    window.lab.log = await window.lab.openLog('lost');
    await window.lab.log.appendBatch([1, 2, 3]);
  });
  await (await StorageControl.of(page)).clear('all');
  const append = () =>
    page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return window.lab.settle(() => window.lab.log!.append('x'));
    });
  expect(await append()).toMatchObject({ error: { code: 'STORE_LOST' } });
  await page.evaluate(() => {
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  });
  expect(await append()).toMatchObject({ error: { code: 'STORE_LOST' } });
});

/** The moment that no look can exclude: cleared between the look for the name and the closing. */
async function clearWhileClosing(tabs: Tabs): Promise<Page> {
  const page = await tabs.browser.newPage();
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    const atClosing = `
      const close = FileSystemSyncAccessHandle.prototype.close;
      FileSystemSyncAccessHandle.prototype.close = function () {
        const request = new XMLHttpRequest();
        request.open('GET', '/clear-now', false);
        request.send();
        close.call(this);
      };`;
    await route.fulfill({ response, body: `${atClosing}\n${await response.text()}` });
  });
  await page.goto(`${tabs.origin}/lab.html`);
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  const storage = await StorageControl.of(page);
  let isArmed = false;
  await page.context().route('**/clear-now', async (route) => {
    if (isArmed) await storage.clear('all');
    await route.fulfill({ body: 'cleared, if armed' });
  });
  await page.evaluate(async () => {
    window.lab.log = await window.lab.openLog('raced');
    await window.lab.log.appendBatch([1, 2, 3]);
  });
  isArmed = true;
  return page;
}

test('storage cleared in the very moment of closing: close() ends by its deadline, the worker with it', async ({
  tabs,
}) => {
  const page = await clearWhileClosing(tabs);
  const closed = await page.evaluate(() => window.lab.settle(() => window.lab.log!.close()));
  // Chromium stands still for good there; a browser that does not has closed it.
  if ('error' in closed) {
    expect(closed.error).toMatchObject({ code: 'TIMEOUT', facts: { deadlineMs: 5000 } });
    expect(closed.error.afterMs).toBeLessThan(10_000);
  }
  const late = await page.evaluate(() => window.lab.settle(() => window.lab.log!.append('late')));
  expect(late).toMatchObject({ error: { code: 'CLOSED', outcome: 'not-written' } });
});

test('storage cleared in the very moment of parking: a worker that stands still is given up', async ({
  tabs,
}) => {
  const page = await clearWhileClosing(tabs);
  await page.evaluate(async () => {
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  });
  const appended = await page.evaluate(() =>
    window.lab.settle(() => window.lab.log!.append('into the void?')),
  );
  expect(appended).toMatchObject({
    error: { code: expect.stringMatching(/WORKER_DIED|STORE_LOST/), facts: {} },
  });
  expect('error' in appended && appended.error.afterMs).toBeLessThan(10_000);
});
