/**
 * The packed `varve` on a page without a bundler, under a strict policy.
 *
 * An import map stands in the page itself, and `script-src 'self'` refuses everything that does:
 * a page takes the package by its relative URL, or adds the hash of its import map to the policy.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { serveFolder } from '../../scripts/lib/serve.mjs';
import { blankProject } from './blank-project.ts';
import { outputOf, visit, type Visit } from './chromium.ts';
import { EXPECTED, PAGE, script } from './page.ts';

const policy = (scripts = "'self'"): string =>
  `default-src 'none'; script-src ${scripts}; worker-src 'self'; connect-src 'self'`;

const MAP = JSON.stringify({
  imports: {
    varve: './node_modules/varve/index.js',
    'varve/codec': './node_modules/varve/codec.js',
  },
});
const HASH = `'sha256-${createHash('sha256').update(MAP).digest('base64')}'`;
const HTML = PAGE.replace('<link rel="icon" href="data:,">', '');
const WITH_MAP = `${HTML}<script type="importmap">${MAP}</script>
<script type="module" src="./main.js"></script>`;

async function visitUnder(csp: string, html: string, main: string): Promise<Visit> {
  const files = { 'index.html': html, 'main.js': main };
  const { folder } = await blankProject([inject('tarballs').varve], files);
  const server = await serveFolder(join(folder), { headers: { 'Content-Security-Policy': csp } });
  onTestFinished(() => server.close());
  return visit(server.url);
}

test('the strict policy to the letter: the package by its relative URL', async () => {
  const html = `${HTML}<script type="module" src="./main.js"></script>`;
  const visited = await visitUnder(policy(), html, script('./node_modules/varve/index.js'));
  expect(JSON.parse(await outputOf(visited))).toEqual(EXPECTED);
});

test('an import map whose hash the policy names: the package by its name', async () => {
  const visited = await visitUnder(policy(`'self' ${HASH}`), WITH_MAP, script('varve'));
  expect(JSON.parse(await outputOf(visited))).toEqual(EXPECTED);
});

test('an import map without its hash is refused by the browser, not by Varve', async () => {
  const { page, complaints } = await visitUnder(policy(), WITH_MAP, script('varve'));
  await expect.poll(() => complaints.join('\n')).toMatch(/Failed to resolve module specifier/);
  expect(complaints.join('\n')).toMatch(/Content Security Policy/);
  expect(await page.locator('output').textContent()).toBe('');
});
