/**
 * What an app issued and acknowledged, told from wherever the kit's own pages do not reach: frames,
 * extensions, other processes.
 *
 * Always true: what was told had left the process that told it, whatever becomes of that process.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { History, type Issued } from '@varve/crashkit/oracle';
import { Profile, type Launch, type RunningBrowser } from '@varve/crashkit/playwright';
import type { Frame, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { Survived } from './survival.ts';

export interface Told {
  readonly issued?: unknown;
  readonly acknowledged?: unknown;
}

/** Tells `history` what a process says of its appends. */
export function listener(history: History<unknown>): (told: Told) => void {
  const open = new Map<string, Issued>();
  return ({ issued, acknowledged }) => {
    if (issued !== undefined) open.set(JSON.stringify(issued), history.issue(issued));
    else open.get(JSON.stringify(acknowledged))?.acknowledge();
  };
}

interface Ledger {
  readonly history: History<unknown>;
  /** A script: `crashkit` in a window that has none. */
  readonly script: string;
}

/** Gone with the test. */
async function openLedger(): Promise<Ledger> {
  const history = new History<unknown>();
  const hear = listener(history);
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      hear(JSON.parse(String(Buffer.concat(pieces))) as Told);
      response.writeHead(204, { 'access-control-allow-origin': '*' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const script = `globalThis.crashkit = Object.fromEntries(['issued', 'acknowledged'].map((what) => [
    what,
    (value) => {
      const request = new XMLHttpRequest();
      request.open('POST', ${JSON.stringify(url)}, false);
      request.send(JSON.stringify({ [what]: value }));
    },
  ])); undefined`;
  return { history, script };
}

export interface Place {
  readonly page: Page;
  /** Where the app is: the page, or a frame in it. */
  readonly app: Page | Frame;
}

const ENOUGH = 100;

/** Stored, the whole browser killed, recovered; stored, the tab closed, recovered. */
export async function survivesByLedger(
  launch: Launch,
  open: (browser: RunningBrowser) => Promise<Place>,
): Promise<Survived> {
  const profile = new Profile('packaging');
  let browser = await launch(profile);
  onTestFinished(async () => {
    await browser.close();
    profile.remove();
  });
  const { history, script } = await openLedger();
  let recovered: unknown[] = [];
  for (const kill of ['browser', 'close'] as const) {
    const { page, app } = await open(browser);
    await app.evaluate(script);
    const goal = history.acknowledgedRecords + ENOUGH;
    expect(await app.evaluate((round) => window.app.start(round), recovered.length)).toBe('opfs');
    await expect
      .poll(() => history.acknowledgedRecords, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(goal);
    if (kill === 'browser') {
      await browser.kill();
      browser = await launch(profile);
    } else await page.close();
    const again = await open(browser);
    recovered = await again.app.evaluate(() => window.app.readAll());
    history.settle(recovered);
    await again.page.close();
  }
  const { acknowledgedRecords: acknowledged } = history;
  const kills = 'browser killed, tab closed';
  return { browser: browser.version, kills, acknowledged, recovered: recovered.length };
}
