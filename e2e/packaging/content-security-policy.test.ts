/**
 * The packed `varve` under a strict policy, in every browser of this machine.
 *
 * Under the literal policy no browser takes an import map, in whatever way a page offers one: an
 * inline map is an inline script, and there is no external one. What an author can do instead is
 * shown first. Where a browser learns an external map, its test here fails: the docs then change.
 */
import { join } from 'node:path';
import { build } from 'vite';
import { describe, expect, inject, test, onTestFinished } from 'vitest';
import { serveFolder } from '../../scripts/lib/serve.mjs';
import { blankProject, type BlankProject } from './blank-project.ts';
import { BROWSERS, outputOf, visit, visitor, type Visit } from './visit.ts';
import { EXPECTED, PAGE, script } from './page.ts';

const policy = (scripts = "'self'"): string =>
  `default-src 'none'; script-src ${scripts}; worker-src 'self'; connect-src 'self'`;

const MAP = JSON.stringify({
  imports: {
    varve: './node_modules/varve/index.js',
    'varve/stores': './node_modules/varve/stores.js',
    'varve/codec': './node_modules/varve/codec.js',
  },
});
/** As docs/decisions/0005-builds.md prints it. */
const HASH_COMMAND =
  "'sha256-' + crypto.createHash('sha256').update(fs.readFileSync('map.json')).digest('base64')";

const HTML = PAGE.replace('<link rel="icon" href="data:,">', '');
const MODULE = '<script type="module" src="./main.js"></script>';
const INLINE_MAP = `<script type="importmap">${MAP}</script>`;
const EXTERNAL_MAP = '<script type="importmap" src="./map.json"></script>';
const MAP_BY_SCRIPT = '<script src="./put-map.js"></script>';
const PUT_MAP = `document.head.append(
  Object.assign(document.createElement('script'), { type: 'importmap', textContent: ${JSON.stringify(MAP)} }),
);`;

const project = (html: string, main: string): Promise<BlankProject> =>
  blankProject([inject('tarballs').varve], {
    'index.html': html,
    'main.js': main,
    'map.json': MAP,
    'put-map.js': PUT_MAP,
  });

async function served(folder: string, csp?: string): Promise<string> {
  const headers = csp === undefined ? {} : { 'Content-Security-Policy': csp };
  const server = await serveFolder(folder, { headers });
  onTestFinished(() => server.close());
  return server.url;
}

/** The page never learned what `varve` means. */
async function expectNoName({ page, complaints }: Visit): Promise<void> {
  await expect
    .poll(() => complaints.join('\n'), { timeout: 30_000 })
    .toMatch(/Failed to resolve module specifier|was a bare specifier/);
  expect(await page.locator('output').textContent()).toBe('');
}

describe.each(BROWSERS)('%s', (browser) => {
  const visitUnder = async (csp: string, folder: string): Promise<Visit> =>
    visit(await served(folder, csp), browser);

  describe('the policy to the letter', () => {
    test('the package by its URL works', async () => {
      const main = script('./node_modules/varve/index.js', './node_modules/varve/stores.js');
      const { folder } = await project(HTML + MODULE, main);
      expect(JSON.parse(await outputOf(await visitUnder(policy(), folder)))).toEqual(EXPECTED);
    });

    test('the package by its name works where a bundler puts the URL in', async () => {
      const { folder } = await project(HTML + MODULE, script('varve'));
      await build({ root: folder, configFile: false, logLevel: 'error' });
      const visited = await visitUnder(policy(), join(folder, 'dist'));
      expect(JSON.parse(await outputOf(visited))).toEqual(EXPECTED);
    });

    test('no import map is taken: inline, external, or put in by a script', async () => {
      const goto = await visitor(browser);
      for (const map of [INLINE_MAP, EXTERNAL_MAP, MAP_BY_SCRIPT]) {
        const { folder } = await project(HTML + map + MODULE, script('varve'));
        await expectNoName(await goto(await served(folder, policy())));
      }
    });
  });

  test('an import map whose hash the policy names: the package by its name works', async () => {
    const { folder, run } = await project(HTML + INLINE_MAP + MODULE, script('varve'));
    const hash = (await run(process.execPath, '-p', HASH_COMMAND)).trim();
    const visited = await visitUnder(policy(`'self' '${hash}'`), folder);
    expect(JSON.parse(await outputOf(visited))).toEqual(EXPECTED);
  });

  test('without any policy an external import map is not taken either', async () => {
    const { folder } = await project(HTML + EXTERNAL_MAP + MODULE, script('varve'));
    await expectNoName(await visit(await served(folder), browser));
  });
});
