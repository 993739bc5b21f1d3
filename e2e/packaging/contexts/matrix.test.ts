/** The kit's static page: what a person opens on a phone. */
import { Profile } from '@varve/crashkit/playwright';
import { expect, inject, onTestFinished, test } from 'vitest';
import { staticServer } from './servers.ts';
import { FIREFOX_IS_HERE, launchOf } from './survival.ts';
import { workshop } from './workshop.ts';

const PAGE = 'node_modules/@varve/crashkit/matrix/page.html';

for (const browser of ['chromium', 'firefox'] as const) {
  test.runIf(browser === 'chromium' || FIREFOX_IS_HERE)(
    `${browser}: one button measures the browser, and leaves nothing behind`,
    async () => {
      const { folder } = await workshop({}, [inject('tarballs').crashkit], {});
      const profile = new Profile('matrix');
      const started = await launchOf(browser)(profile);
      onTestFinished(async () => {
        await started.close();
        profile.remove();
      });
      const page = await started.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(`${await staticServer(folder)}${PAGE}`);
      await page.getByText('Measure', { exact: true }).click();
      await page.waitForSelector('body[data-measured]', { timeout: 120_000 });
      const [head = '', , ...rows] = (await page.locator('textarea').inputValue()).split('\n');
      expect(head).toContain('Mozilla');
      expect(rows.length).toBeGreaterThan(15);
      expect(rows.filter((row) => row.includes('| failed: '))).toEqual([]);
      // Itself, its worker out of itself, and nothing else but what a browser asks of every site.
      const others = asked.filter((url) => !/page\.html$|^blob:|favicon\.ico$/.test(url));
      expect(others).toEqual([]);
      const left = await page.evaluate(async () => {
        const names = [];
        for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
        return names;
      });
      expect(left).toEqual([]);
    },
  );
}
