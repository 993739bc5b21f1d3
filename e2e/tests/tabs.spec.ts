/** Two tabs, one store. */
import { expect, test } from '../harness/fixture.ts';

test('a second tab follows the first, and leads when that is closed', async ({ tabs }) => {
  const first = await tabs.open();
  await first.evaluate(async () => {
    window.lab.log = await window.lab.openLog('shared');
    await window.lab.log.append('by the first');
  });
  const second = await tabs.open();
  const role = await second.evaluate(async () => {
    window.lab.log = await window.lab.openLog('shared');
    await window.lab.log.append('by the second');
    return window.lab.log.status().role;
  });
  expect(role).toBe('follower');
  expect(await first.evaluate(() => window.lab.log?.append('by the first again'))).toBe(3);
  await first.close();
  const [lsn, now, values] = await second.evaluate(async () => {
    const log = window.lab.log!;
    const appended = await log.append('alone');
    return [appended, log.status().role, await window.lab.readAll(log)] as const;
  });
  expect(lsn).toBe(4);
  expect(now).toBe('leader');
  expect(values.map(([, value]) => value)).toEqual([
    'by the first',
    'by the second',
    'by the first again',
    'alone',
  ]);
});

test('two opens in one page share one engine', async ({ tabs }) => {
  const page = await tabs.open();
  const lsns = await page.evaluate(async () => {
    const [a, b] = await Promise.all([window.lab.openLog('one'), window.lab.openLog('one')]);
    const first = await a.append('a');
    await a.close();
    const second = await b.append('b');
    await b.close();
    return [first, second];
  });
  expect(lsns).toEqual([1, 2]);
});

test('a tab in the back/forward cache has given its store to the others, and takes it back', async ({
  tabs,
}) => {
  const first = await tabs.open();
  await first.evaluate(async () => {
    window.lab.log = await window.lab.openLog('shared');
    await window.lab.log.append('by the first');
  });
  await first.goto(`${tabs.origin}/blank.html`);
  const second = await tabs.open();
  const lsn = await second.evaluate(async () => {
    const log = await window.lab.openLog('shared');
    const appended = await log.append('by the second');
    await log.close();
    return appended;
  });
  expect(lsn).toBe(2);
  await first.goBack({ waitUntil: 'commit' });
  await first.waitForSelector('body[data-ready]', { state: 'attached' });
  // Out of the cache, or loaded anew: then nothing is open in it.
  const again = await first.evaluate(async () =>
    (window.lab.log ?? (await window.lab.openLog('shared'))).append('by the first again'),
  );
  expect(again).toBe(3);
});
