/** Workers that do not come, or go. */
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixture.ts';

/** How opening with that worker ends. What was promised within 5 s comes before a timer of that page. */
const endOf = (page: Page, script: string): Promise<unknown> =>
  page.evaluate((path) => {
    const { lab } = window;
    const opening = lab.settle(async () => {
      await lab.openLog('absent', { worker: () => new Worker(path, { type: 'module' }) });
    });
    const tooLate = new Promise((resolve) => setTimeout(resolve, 6000, 'too late'));
    return Promise.race([opening, tooLate]);
  }, script);

test('a worker that does not load: WORKER_LOAD_FAILED within 5 s, naming the cure', async ({
  tabs,
}) => {
  const page = await tabs.open();
  expect(await endOf(page, '/nowhere.js')).toMatchObject({
    error: {
      code: 'WORKER_LOAD_FAILED',
      message: expect.stringContaining('openLog(name, { worker })'),
    },
  });
});

test('a worker that loads and says nothing: WORKER_LOAD_FAILED, not a hang', async ({ tabs }) => {
  const page = await tabs.open();
  await page
    .context()
    .route('**/silent.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  expect(await endOf(page, '/silent.js')).toMatchObject({ error: { code: 'WORKER_LOAD_FAILED' } });
});

test('a policy without workers: WORKER_LOAD_FAILED', async ({ tabs }) => {
  const page = await tabs.open();
  await page.evaluate(() => {
    const meta = document.createElement('meta');
    meta.httpEquiv = 'content-security-policy';
    meta.content = "worker-src 'none'";
    document.head.append(meta);
  });
  const settled = await page.evaluate(() =>
    window.lab.settle(async () => void (await window.lab.openLog('forbidden'))),
  );
  expect(settled).toMatchObject({ error: { code: 'WORKER_LOAD_FAILED' } });
});
