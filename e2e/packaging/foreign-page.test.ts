/**
 * The crash kit, packed, kills a page that is none of ours: `examples/drafts` as a user would have it,
 * in a folder of its own, with a Playwright of the user's.
 */
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { findBrowsers } from '../../scripts/browsers.mjs';
import { blankProject } from './blank-project.ts';

const EXAMPLE = new URL('../../examples/drafts/', import.meta.url);
const PLAYWRIGHT = dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json'));

/** What `npx playwright test` printed. */
async function perform(...args: string[]): Promise<string> {
  const names = (await readdir(EXAMPLE)).filter((name) => /\.(?:js|html)$/.test(name));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(new URL(name, EXAMPLE), 'utf8')] as const),
  );
  const { folder, run } = await blankProject(
    [inject('tarballs').crashkit],
    Object.fromEntries(files),
  );
  // The peer that a user brings; it is not in npm's cache on every machine.
  await mkdir(join(folder, 'node_modules', '@playwright'), { recursive: true });
  await symlink(PLAYWRIGHT, join(folder, 'node_modules', '@playwright', 'test'));
  const { chromium, firefox } = await findBrowsers({ get: false });
  const browsers = [`CHROMIUM=${chromium?.path ?? ''}`, `FIREFOX=${firefox?.path ?? ''}`];
  const program = join('node_modules', '@playwright', 'test', 'cli.js');
  return run('env', ...browsers, process.execPath, program, 'test', '--reporter=list', ...args);
}

test('the bug of a foreign app is found by killing it in Chromium; mended, it survives', async () => {
  expect(await perform('--project=chromium')).toMatch(/3 passed/);
});

test('the bug is found in Firefox, whose content process dies alone', async ({ skip }) => {
  const { firefox } = await findBrowsers({ get: false });
  if (firefox === undefined) skip('no Firefox on this machine');
  expect(await perform('--project=firefox', '-g', 'nobody wrote')).toMatch(/1 passed/);
});
