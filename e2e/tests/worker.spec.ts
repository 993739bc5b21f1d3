/** Workers that do not come, or go. */
import { expect, test } from '../harness/fixture.ts';

test('a worker that does not load: WORKER_LOAD_FAILED within 5 s, naming the cure', async ({
  tabs,
}) => {
  const page = await tabs.open();
  const settled = await page.evaluate(() =>
    window.lab.settle(async () => {
      const worker = () => new Worker('/nowhere.js', { type: 'module' });
      await window.lab.openLog('unloaded', { worker });
    }),
  );
  expect(settled).toMatchObject({ error: { code: 'WORKER_LOAD_FAILED' } });
  expect('error' in settled && settled.error.message).toContain('openLog(name, { worker })');
  expect('error' in settled && settled.error.afterMs).toBeLessThan(6000);
});

test('a worker that loads and says nothing: WORKER_LOAD_FAILED, not a hang', async ({ tabs }) => {
  const page = await tabs.open();
  await page
    .context()
    .route('**/silent.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  const settled = await page.evaluate(() =>
    window.lab.settle(async () => {
      const worker = () => new Worker('/silent.js', { type: 'module' });
      await window.lab.openLog('silent', { worker });
    }),
  );
  expect(settled).toMatchObject({ error: { code: 'WORKER_LOAD_FAILED' } });
  expect('error' in settled && settled.error.afterMs).toBeLessThan(6000);
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
