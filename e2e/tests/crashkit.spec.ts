/** What the crash kit promises its users besides the kills themselves (`kills.spec.ts`). */
import { join } from 'node:path';
import { mergeTests } from '@playwright/test';
import { expect, MemoryOnlyError, test as kit } from '@varve/crashkit/playwright';
import { test as served } from '../harness/served.ts';

// The kit's, in a process that serves other files, too.
const test = mergeTests(served, kit);

/** An app that is none of ours, and its mended storage. */
const folder = join(import.meta.dirname, '..', '..', 'examples', 'drafts');

interface Drafts {
  save(text: string): Promise<void>;
  readAll(): Promise<string[]>;
}
type DraftsWindow = Window & { readonly drafts?: Drafts };

const save = (text: string): Promise<void> | undefined =>
  (window as DraftsWindow).drafts?.save(text);
const readAll = async (): Promise<string[]> =>
  (await (window as DraftsWindow).drafts?.readAll()) ?? [];

test.use({ crashApp: { folder } });

test('a page of a context that keeps its storage in memory is refused', async ({ crash }) => {
  const hidden = await crash.browser.context.browser()!.newContext();
  const page = await hidden.newPage();
  await page.goto(`${crash.origin}/?mended`);
  await expect(crash.adopt(page)).rejects.toThrow(MemoryOnlyError);
  await hidden.close();
});

test('of two tabs the one that is named dies', async ({ crash }) => {
  const other = await crash.open('/?mended');
  // It alone holds a file: who takes whoever holds one would kill the wrong tab.
  await other.page.evaluate(save, 'mine');
  const tab = await crash.open('/');
  const pid = await tab.pid(crash.browser);
  expect(await other.pid(crash.browser)).not.toBe(pid);
  await crash.kill(tab, 'renderer');
  expect(await other.page.evaluate(readAll)).toEqual(['mine']);
});

test('an acknowledged item that is not there again is a violation', async ({ crash }) => {
  const tab = await crash.open('/?mended');
  await tab.page.evaluate(save, 'one');
  await tab.page.evaluate(save, 'two');
  await expect(crash.expectPrefix(tab, () => ['one'])).rejects.toThrow(/acknowledged/);
  await expect(crash.expectPrefix(tab, () => ['two'])).rejects.toThrow(/one/);
  await expect(crash.expectPrefix(tab, () => ['one', 'two', 'three'])).rejects.toThrow(/three/);
  expect(await crash.expectPrefix(tab, readAll)).toEqual({
    issued: 2,
    acknowledged: 2,
    recovered: 2,
  });
});

test('a kill point that no worker comes to is told, and nothing is killed', async ({ crash }) => {
  const tab = await crash.open('/?mended');
  const at = { point: 'never-reached' };
  await expect(crash.kill(tab, 'renderer', { at, deadlineMs: 300 })).rejects.toThrow(
    /no worker came to never-reached/,
  );
  await tab.page.evaluate(save, 'still here');
  expect(await tab.page.evaluate(readAll)).toEqual(['still here']);
});

test('a kill point stops one worker; the others go on', async ({ crash }) => {
  const tab = await crash.open('/?mended');
  const other = await crash.open('/?mended');
  void tab.page
    .evaluate(async () => {
      for (;;) await (window as DraftsWindow).drafts?.save('again');
    }, undefined)
    .catch(() => undefined);
  const at = { file: 'drafts', point: 'before-write' };
  await crash.kill(tab, 'renderer', { at });
  // Its worker was armed, too, and comes to the same point.
  await expect
    .poll(() => other.page.evaluate(save, 'mine').then(() => 'saved', String), { timeout: 8000 })
    .toBe('saved');
  expect(crash.parkedAt).toBeUndefined();
});

test('a suspended tab stands still, and goes on where it was', async ({ crash }) => {
  const tab = await crash.open('/?mended');
  await tab.page.evaluate(save, 'before');
  const goOn = await crash.suspend(tab);
  const reading = tab.page.evaluate(readAll);
  const waited = new Promise((resolve) => setTimeout(() => resolve('nothing'), 500));
  expect(await Promise.race([reading, waited])).toBe('nothing');
  goOn();
  expect(await reading).toEqual(['before']);
});
