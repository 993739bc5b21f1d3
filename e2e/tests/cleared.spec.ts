/**
 * Clear-site-data. A deleted file still takes writes and flushes (measured), so an engine that does
 * not look goes on acknowledging into the void.
 */
import { expect, test } from '../harness/fixture.ts';
import { StorageControl } from '../harness/storage-control.ts';

/** The promise is 250 ms from the last good look; the rest is the way to this process and back. */
const NOTICED_MS = 250;
const ROUND_TRIP_MS = 500;

test('storage cleared under an open store: STORE_LOST, with the LSNs that may be void', async ({
  tabs,
}) => {
  const page = await tabs.open();
  const storage = await StorageControl.of(page);
  await page.evaluate(async () => {
    const { lab } = window;
    const log = await lab.openLog<string>('doomed');
    log.addEventListener('lost', ({ detail }) => lab.heard.push({ lost: detail }));
    const storm = async (): Promise<void> => {
      for (;;) {
        try {
          lab.heard.push({ lsn: await log.append('x'), atMs: performance.now() });
        } catch (error) {
          const { code, facts, outcome } = error as {
            code: string;
            facts: object;
            outcome: string;
          };
          lab.heard.push({ code, facts, outcome, atMs: performance.now() });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    void storm();
    lab.log = log;
  });
  await page.waitForFunction(() => window.lab.heard.length > 20);
  await storage.clear('all');
  const clearedMs = await page.evaluate(() => performance.now());
  await page.waitForFunction(() => window.lab.heard.some((it) => 'code' in (it as object)));
  const heard = await page.evaluate(() => window.lab.heard as Record<string, unknown>[]);

  const acks = heard.filter((it) => 'lsn' in it) as { lsn: number; atMs: number }[];
  const refusal = heard.find((it) => 'code' in it)!;
  const lost = heard.find((it) => 'lost' in it)?.['lost'] as { from: number; to: number };
  expect(refusal).toMatchObject({ code: 'STORE_LOST', outcome: 'unknown' });
  expect(acks.at(-1)!.atMs - clearedMs).toBeLessThan(NOTICED_MS + ROUND_TRIP_MS);
  // Every acknowledgement that came after the clearing is named.
  const after = acks.filter(({ atMs }) => atMs > clearedMs);
  expect(lost.to).toBeGreaterThanOrEqual(acks.at(-1)!.lsn);
  for (const { lsn } of after) expect(lsn).toBeGreaterThanOrEqual(lost.from);
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
