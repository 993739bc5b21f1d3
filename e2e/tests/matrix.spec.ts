/** docs/SAFETY.md's table of what browsers do, held against the browsers that are here. */
import { readFileSync } from 'node:fs';
import { type BrowserName, Crash } from '@varve/crashkit/playwright';
import { pathOf } from '../harness/browsers.ts';
import { expect, test } from '../harness/served.ts';
import { Stage } from '../harness/stage.ts';

const SAFETY = new URL('../../docs/SAFETY.md', import.meta.url);

/** Title → what the table says of this browser; undefined when it was measured in another version. */
function documented(browser: string): Map<string, string | undefined> {
  const [, table = ''] = /<!-- matrix: npm run matrix -->(.*)<!-- \/matrix -->/s.exec(
    readFileSync(SAFETY, 'utf8'),
  )!;
  const [head = [], , ...lines] = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const major = browser.replace(/\..*/, '.');
  const column = head.findIndex((cell) => cell.startsWith(major));
  return new Map(lines.map((cells) => [cells[1]!, column < 0 ? undefined : cells[column]]));
}

for (const browser of ['chromium', 'firefox'] satisfies BrowserName[]) {
  test(`docs/SAFETY.md says what ${browser} does`, async () => {
    test.skip((await pathOf(browser)) === undefined, `no ${browser} on this machine`);
    const stage = await Stage.set({ browser, pages: ['matrix'], killPoints: false });
    const crash = await Crash.start({ server: stage.server, launch: stage.launch });
    try {
      const { page } = await crash.open('/matrix.html');
      await page.waitForSelector('body[data-ready]', { state: 'attached' });
      const rows = await page.evaluate(() => window.matrix.measureMatrix());
      const said = documented(crash.browser.version);
      expect(rows.length).toBeGreaterThan(10);
      for (const { what, found } of rows) {
        expect(said.has(what), `no row: ${what}; npm run matrix`).toBe(true);
        const before = said.get(what);
        // Times and sizes differ from machine to machine; what is refused, and how, does not.
        if (before !== undefined && /Error$|^allowed|^refused/.test(before))
          expect(found, `${what}; npm run matrix`).toBe(before);
      }
    } finally {
      await crash.close();
      await stage.strike();
    }
  });
}
