/**
 * The browser lane: builds the page, serves it, opens it in a real Chromium on a profile that is
 * on disk, and runs one work after the other there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { build } from 'vite';
import type { Lane, LaneOptions } from '../lane.ts';
import { CHROMIUM_ARGS, findBrowsers } from '../../../../scripts/browsers.mjs';
import { measureTabs } from '../tabs/measure.ts';
import { refuseMemoryOnly } from './memory-only.ts';
import { serveFolder } from './serve-folder.ts';

export async function browserLane({ isolated }: LaneOptions): Promise<Lane> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-bench-'));
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    await build({
      configFile: join(import.meta.dirname, '../../vite.config.ts'),
      build: { outDir: join(folder, 'site') },
    });
    // As it is shipped: bundling it takes longer than all of the rest.
    const pglite = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'));
    const server = await serveFolder(join(folder, 'site'), { isolated, beside: { pglite } });
    ends.push(server.close);
    // Looked for first: only when there is none may one be fetched.
    const { chromium: found = (await findBrowsers()).chromium } = await findBrowsers({
      get: false,
    });
    if (found === undefined) throw new Error('No Chromium found: VARVE_CHROMIUM names one.');
    const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: found.path,
      headless: true,
      // Memory is measured when it is asked for, not at the next collection.
      args: [...CHROMIUM_ARGS, '--enable-blink-features=ForceEagerMeasureMemory'],
    });
    ends.push(() => context.close());
    const page = await openPage(context, server.url);
    const probe = await page.evaluate(() => bench.probe());
    refuseMemoryOnly(probe.flushAloneUs);
    return {
      name: 'browser',
      engine: `Chromium ${context.browser()?.version() ?? (await page.evaluate(() => navigator.userAgent))}`,
      notes: {
        crossOriginIsolated: await page.evaluate(() => crossOriginIsolated),
        clockStepUs: probe.clockStepUs,
        writeAndFlush4KiBUs: Math.round(probe.writeAndFlushUs),
      },
      subjects: await page.evaluate(() => bench.subjects()),
      run: (work, plan) => page.evaluate(({ work, plan }) => bench.run(work, plan), { work, plan }),
      volumes: (isQuick) => page.evaluate((quick) => bench.volumes(quick), isQuick),
      tabs: (isQuick) => measureTabs(() => openPage(context, server.url, true), isQuick),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openPage(context: BrowserContext, url: string, isNew = false): Promise<Page> {
  const page = (isNew ? undefined : context.pages()[0]) ?? (await context.newPage());
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`page: ${message.text()}`);
  });
  await page.goto(url);
  await page.getByText('ready').waitFor({ timeout: 20_000 });
  return page;
}
