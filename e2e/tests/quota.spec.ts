/** A full origin. */
import { expect, test } from '../harness/fixture.ts';
import { StorageControl } from '../harness/storage-control.ts';

test('a full origin: QUOTA_EXCEEDED, what was acknowledged stays, and it goes on when there is space', async ({
  tabs,
}) => {
  const page = await tabs.open();
  const storage = await StorageControl.of(page);
  await page.evaluate(async () => {
    const { lab } = window;
    const options = {
      codec: lab.bytesCodec,
      segmentSizeBytes: 256 * 1024,
      maxStateBytes: 64 * 1024,
    };
    const log = await lab.openLog<Uint8Array>('full', options);
    log.addEventListener('quota', ({ detail }) => lab.heard.push(detail));
    await log.append(new Uint8Array(10_000).fill(0));
    lab.log = log as typeof lab.log & object;
  });
  await storage.setQuota((await storage.usageBytes()) + 600_000);

  const filled = await page.evaluate(async () => {
    const log = window.lab.log!;
    let acknowledged = 1;
    for (let at = 1; at < 1000; at++) {
      const settled = await window.lab.settle(() => log.append(new Uint8Array(10_000).fill(at)));
      if ('error' in settled) return { acknowledged, error: settled.error };
      acknowledged = settled.value;
    }
    return { acknowledged, error: undefined };
  });
  expect(filled.error).toMatchObject({ code: 'QUOTA_EXCEEDED', outcome: 'not-written' });
  expect(filled.acknowledged).toBeGreaterThan(1);

  const firstBytes = () =>
    page.evaluate(async () =>
      (await window.lab.readAll(window.lab.log!)).map(([, value]) => (value as Uint8Array)[0]),
    );
  const expected = Array.from({ length: filled.acknowledged }, (_, at) => at % 256);
  expect(await firstBytes()).toEqual(expected);
  expect(await page.evaluate(() => window.lab.heard.length)).toBeGreaterThan(0);

  await storage.setQuota();
  // While the store reopens itself an append may still be refused: it says so, and may be repeated.
  const next = await page.evaluate(async () => {
    for (let attempt = 0; ; attempt++) {
      const settled = await window.lab.settle(() =>
        window.lab.log!.append(new Uint8Array(10_000).fill(255)),
      );
      if ('value' in settled) return settled.value;
      if (attempt > 40) return settled.error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  expect(next).toBe(filled.acknowledged + 1);
  expect(await firstBytes()).toEqual([...expected, 255]);
  await page.evaluate(() => window.lab.log!.close());
});

test('an origin too full for a new store: QUOTA_EXCEEDED, and nothing half made is in the way later', async ({
  tabs,
}) => {
  const page = await tabs.open();
  const storage = await StorageControl.of(page);
  await storage.setQuota(50_000);
  const refused = await page.evaluate(() =>
    window.lab.settle(async () => void (await window.lab.openLog('late'))),
  );
  expect(refused).toMatchObject({ error: { code: 'QUOTA_EXCEEDED' } });
  await storage.setQuota();
  expect(await page.evaluate(async () => (await window.lab.openLog('late')).append('there'))).toBe(
    1,
  );
});
