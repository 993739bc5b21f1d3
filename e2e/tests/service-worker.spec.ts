/** A service worker appends, with a tab that has the store and without. */
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixture.ts';

/** What the service worker of the origin answers. */
function told(page: Page, store: string, ...values: string[]): Promise<unknown> {
  return page.evaluate(
    async (message) => {
      await navigator.serviceWorker.register('/service-worker.js', { type: 'module' });
      const { active } = await navigator.serviceWorker.ready;
      const { port1, port2 } = new MessageChannel();
      active!.postMessage(message, [port2]);
      return new Promise((resolve) => {
        port1.onmessage = ({ data }) => resolve(data);
      });
    },
    { store, values },
  );
}

const read = (page: Page, store: string): Promise<unknown> =>
  page.evaluate(async (name) => {
    window.lab.log ??= await window.lab.openLog(name);
    return (await window.lab.readAll(window.lab.log)).map(([, value]) => value);
  }, store);

test('no tab has the store: what a service worker appends is there once, when one opens it', async ({
  tabs,
}) => {
  const first = await tabs.open();
  const receipts = await told(first, 'outbox', 'one', 'two', 'three');
  expect(receipts).toEqual([{ inbox: true }, { inbox: true }, { inbox: true }]);
  await first.close();
  // What is in the inbox survives the browser.
  await tabs.restart('kill');
  const second = await tabs.open();
  await expect.poll(() => read(second, 'outbox')).toEqual(['one', 'two', 'three']);
  await second.close();
  const third = await tabs.open();
  await expect.poll(() => read(third, 'outbox')).toEqual(['one', 'two', 'three']);
});

test('a tab has it: the append goes through it and gets its LSN', async ({ tabs }) => {
  const page = await tabs.open();
  expect(await read(page, 'outbox')).toEqual([]);
  const other = await tabs.open();
  expect(await told(other, 'outbox', 'one', 'two')).toEqual([{ lsn: 1 }, { lsn: 2 }]);
  expect(await read(page, 'outbox')).toEqual(['one', 'two']);
});

test('the tab that has it stands still: the append waits in the inbox, and the tab takes it up again', async ({
  tabs,
}) => {
  const page = await tabs.open();
  expect(await read(page, 'outbox')).toEqual([]);
  const other = await tabs.open();
  // Whoever holds the lock and says nothing.
  await page.evaluate(async () => {
    await window.lab.log!.close();
    window.lab.log = undefined;
    await new Promise<void>((granted) => {
      void navigator.locks.request('varve/varve:outbox', () => {
        granted();
        return new Promise(() => undefined);
      });
    });
  });
  expect(await told(other, 'outbox', 'one')).toEqual([{ inbox: true }]);
  await page.close();
  await expect.poll(() => read(other, 'outbox')).toEqual(['one']);
});
