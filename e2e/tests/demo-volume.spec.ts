/**
 * The demo's volume: drawing, snapshots, restoring, a crash, two tabs that share it.
 *
 * Always true: pictures are compared by the fingerprint that the page makes of the bytes it read from
 * the volume or a snapshot, never of what it drew.
 */
import type { Locator, Page } from '@playwright/test';
import { expect, openTab, reload, test } from '../harness/demo-site.ts';

const phase = (page: Page): Locator => page.locator('.volume-phase');
const picture = (page: Page): Locator => page.locator('.picture-canvas');
const slider = (page: Page): Locator => page.getByRole('slider', { name: /^Snapshots/ });
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

async function openVolume(page: Page): Promise<void> {
  await openTab(page, 'Volume');
  await expect(phase(page)).toHaveText('open');
}

/** Draws a line; places are parts of the picture's side. */
async function draw(
  page: Page,
  from: readonly [x: number, y: number],
  to: readonly [x: number, y: number],
  button: 'left' | 'right' = 'left',
): Promise<void> {
  await picture(page).scrollIntoViewIfNeeded();
  const box = (await picture(page).boundingBox())!;
  const place = ([x, y]: readonly [number, number]): [number, number] => [
    box.x + x * box.width,
    box.y + y * box.height,
  ];
  await page.mouse.move(...place(from));
  await page.mouse.down({ button });
  await page.mouse.move(...place(to), { steps: 8 });
  await page.mouse.up({ button });
  await expect(page.locator('.easel-said')).toContainText('durable in');
}

/** Of the volume as it is on the disk: it is read anew. */
async function fingerprintNow(page: Page): Promise<string> {
  await reload(page);
  await openVolume(page);
  return page.locator('.fingerprint').innerText();
}

async function slideTo(page: Page, at: number, caption: string): Promise<string> {
  await slider(page).fill(String(at));
  await expect(page.locator('.easel figcaption').first()).toHaveText(caption);
  return page.locator('.fingerprint').innerText();
}

async function expectSound(page: Page): Promise<void> {
  await press(page, 'Check everything');
  await expect(page.locator('[data-verdict-of=check][data-passed]')).toBeVisible({
    timeout: 60_000,
  });
}

test('a snapshot that was restored is there after a reload, byte for byte', async ({ demo }) => {
  await openVolume(demo);
  await expect(demo.locator('.easel-hint')).toBeVisible();
  const empty = await demo.locator('.fingerprint').innerText();
  await draw(demo, [0.1, 0.1], [0.9, 0.4]);
  await expect(demo.locator('.easel-hint')).toBeHidden();
  await press(demo, 'Take a snapshot');
  await expect(demo.locator('.easel-said')).toContainText('‘snapshot 1’ taken');
  const kept = await fingerprintNow(demo);
  expect(kept).not.toBe(empty);

  await draw(demo, [0.1, 0.9], [0.9, 0.6]);
  const later = await fingerprintNow(demo);
  expect(later).not.toBe(kept);
  expect(await slideTo(demo, 0, '‘snapshot 1’, as it was')).toBe(kept);
  await expect(demo.locator('.film-said')).toContainText(/[1-9]\d* chunks \(.*\) differ from now/);
  expect(await slideTo(demo, 1, 'Now')).toBe(later);

  await slideTo(demo, 0, '‘snapshot 1’, as it was');
  await press(demo, 'Restore');
  await expect(demo.locator('.easel-said')).toHaveText(/^Restored .*: byte for byte as it was\.$/);
  await expect(demo.locator('.easel figcaption').first()).toHaveText('Now');
  expect(await fingerprintNow(demo)).toBe(kept);
  await slideTo(demo, 0, '‘snapshot 1’, as it was');
  await expect(demo.locator('.film-said')).toContainText('the same as now');
  await expectSound(demo);
});

test('what is drawn in a snapshot is in that snapshot alone', async ({ demo }) => {
  await openVolume(demo);
  await draw(demo, [0.2, 0.2], [0.8, 0.2]);
  await press(demo, 'Take a snapshot');
  const now = await fingerprintNow(demo);
  await slideTo(demo, 0, '‘snapshot 1’, as it was');
  await draw(demo, [0.2, 0.8], [0.8, 0.8]);
  await expect(demo.locator('.easel-said')).toContainText('in ‘snapshot 1’ alone');
  expect(await fingerprintNow(demo)).toBe(now);
  expect(await slideTo(demo, 0, '‘snapshot 1’, as it was')).not.toBe(now);
});

test('what is trimmed is a hole again, and a group of nothing but holes is empty', async ({
  demo,
}) => {
  await openVolume(demo);
  const empty = await demo.locator('.fingerprint').innerText();
  await draw(demo, [0.05, 0.485], [0.3, 0.485]);
  const used = demo.locator('[data-figure=used]');
  await expect(used).not.toHaveText('0 B');
  await draw(demo, [0.02, 0.485], [0.35, 0.485], 'right');
  await expect(used).toHaveText('0 B');
  expect(await fingerprintNow(demo)).toBe(empty);
  await expect(demo.locator('.easel-hint')).toBeVisible();
});

test('eight years are eight snapshots; deleting one leaves the others as they were', async ({
  demo,
}) => {
  await openVolume(demo);
  await press(demo, 'Paint eight years');
  await expect(demo.locator('.easel-said')).toContainText('8 years', { timeout: 60_000 });
  await expect(demo.locator('.film-frame')).toHaveCount(9);
  const year3 = await slideTo(demo, 2, '‘year 3’, as it was');
  const year5 = await slideTo(demo, 4, '‘year 5’, as it was');
  expect(year5).not.toBe(year3);
  await slideTo(demo, 3, '‘year 4’, as it was');
  await press(demo, 'Delete');
  await expect(demo.locator('.easel-said')).toContainText('Deleted ‘year 4’');
  await expect(demo.locator('.film-frame')).toHaveCount(8);
  await reload(demo);
  await openVolume(demo);
  await expect(demo.locator('.film-frame')).toHaveCount(8);
  expect(await slideTo(demo, 2, '‘year 3’, as it was')).toBe(year3);
  expect(await slideTo(demo, 3, '‘year 5’, as it was')).toBe(year5);
  await expectSound(demo);
});

test('a worker that dies mid-stroke loses no acknowledged stroke, and leaves none by half', async ({
  demo,
}) => {
  await openVolume(demo);
  await draw(demo, [0.1, 0.1], [0.9, 0.9]);
  await press(demo, 'Take a snapshot');
  await expect(demo.locator('.easel-said')).toContainText('taken');
  const kept = await slideTo(demo, 0, '‘snapshot 1’, as it was');
  for (let time = 0; time < 3; time += 1) {
    await press(demo, 'Crash the worker mid-stroke');
    await expect(demo.locator('#panel-volume .verdict-place')).toContainText('Strokes fall');
    const verdict = demo.locator('[data-verdict-of=crash]');
    await expect(verdict).toBeVisible({ timeout: 60_000 });
    await expect(verdict).toHaveAttribute('data-passed', '');
    await expect(verdict.getByRole('heading')).toHaveText(/^All \d+ acknowledged strokes? there$/);
  }
  expect(await slideTo(demo, 0, '‘snapshot 1’, as it was')).toBe(kept);
  await expectSound(demo);
});

test('two tabs draw on one volume; when the one that leads goes, the other does', async ({
  demo,
  context,
  site,
}) => {
  const role = (page: Page): Locator => page.locator('.volume-role');
  await openVolume(demo);
  await draw(demo, [0.1, 0.1], [0.9, 0.4]);
  await expect(role(demo)).toContainText('this tab leads');
  const second = await context.newPage();
  await second.goto(site);
  await openVolume(second);
  await expect(role(second)).toContainText('another tab leads');
  const first = await demo.locator('.fingerprint').innerText();
  await expect(second.locator('.fingerprint')).toHaveText(first);

  // What one tab does is to be seen in the other.
  await draw(second, [0.1, 0.9], [0.9, 0.6]);
  await press(second, 'Take a snapshot');
  await expect(second.locator('.easel-said')).toContainText('‘snapshot 1’ taken');
  const drawn = await second.locator('.fingerprint').innerText();
  expect(drawn).not.toBe(first);
  await demo.bringToFront();
  await expect(demo.locator('.fingerprint')).toHaveText(drawn);
  await expect(demo.locator('.film-frame')).toHaveCount(2);

  await press(demo, 'Let another tab have it');
  await expect(demo.locator('.absence')).toContainText('The volume is closed');
  await second.bringToFront();
  await press(second, '64 random chunks');
  await expect(second.locator('.easel-said')).toContainText('64 chunks, one atomic group');
  await expect(role(second)).toContainText('this tab leads');
  const later = await second.locator('.fingerprint').innerText();
  await demo.bringToFront();
  await press(demo, 'Open it again');
  await expect(phase(demo)).toHaveText('open');
  await expect(demo.locator('.fingerprint')).toHaveText(later);
  await expect(role(demo)).toContainText('another tab leads');

  await second.close();
  await draw(demo, [0.5, 0.1], [0.5, 0.9]);
  await expect(role(demo)).toContainText('this tab leads');
  await expectSound(demo);
});

test('the keyboard alone draws, trims, takes a snapshot and looks back', async ({ demo }) => {
  await openVolume(demo);
  const empty = await demo.locator('.fingerprint').innerText();
  await picture(demo).focus();
  await demo.keyboard.press('ArrowRight');
  await demo.keyboard.press('ArrowDown');
  await expect(demo.locator('.cell-said')).toContainText('Chunk 32, at byte 131,072: a hole');
  await demo.keyboard.press('Space');
  await expect(demo.locator('.cell-said')).toContainText(
    'Chunk 32, at byte 131,072: the volume’s own',
  );
  await demo.keyboard.press('Shift+ArrowRight');
  await demo.keyboard.press('Shift+ArrowRight');
  await expect(demo.locator('.cell-said')).toContainText(
    'Chunk 34, at byte 139,264: the volume’s own',
  );
  await demo.keyboard.press('Delete');
  await expect(demo.locator('.cell-said')).toContainText('Chunk 34, at byte 139,264: a hole');
  await demo.getByRole('button', { name: 'Take a snapshot' }).focus();
  await demo.keyboard.press('Enter');
  await expect(demo.locator('.film-frame')).toHaveCount(2);
  await picture(demo).focus();
  await demo.keyboard.press('ArrowRight');
  await demo.keyboard.press('ArrowRight');
  await demo.keyboard.press('ArrowDown');
  await demo.keyboard.press('Enter');
  await expect(demo.locator('.easel-said')).toContainText('1 chunk, one atomic group');
  await slider(demo).focus();
  await demo.keyboard.press('ArrowLeft');
  await expect(slider(demo)).toHaveAttribute('aria-valuetext', 'snapshot 1, 1 of 1');
  await expect(demo.locator('.film-said')).toContainText('1 chunk (4.0 KiB) differs from now');
  expect(await fingerprintNow(demo)).not.toBe(empty);
});

test('starting over leaves an empty volume without snapshots', async ({ demo }) => {
  await openVolume(demo);
  const empty = await demo.locator('.fingerprint').innerText();
  await draw(demo, [0.1, 0.1], [0.5, 0.5]);
  await press(demo, 'Take a snapshot');
  await expect(demo.locator('.film-frame')).toHaveCount(2);
  await press(demo, 'Start over …');
  await press(demo, 'Delete it all');
  await expect(demo.locator('.easel-said')).toContainText('A new volume');
  await expect(demo.locator('.film-frame')).toHaveCount(1);
  expect(await fingerprintNow(demo)).toBe(empty);
});

for (const [name, viewport] of [
  ['a phone', { width: 390, height: 844 }],
  ['a tablet', { width: 820, height: 1100 }],
  ['the narrowest wide screen', { width: 1000, height: 800 }],
] as const) {
  test(`the volume is not wider than the screen of ${name}, and nothing moves under the pointer`, async ({
    demo,
  }) => {
    await demo.setViewportSize(viewport);
    await openVolume(demo);
    await press(demo, 'Paint eight years');
    await expect(demo.locator('.easel-said')).toContainText('8 years', { timeout: 60_000 });
    const width = (): Promise<number> => demo.evaluate(() => document.documentElement.scrollWidth);
    const top = async (): Promise<number> => {
      const film = (await demo.locator('.film').boundingBox())!;
      const easel = (await demo.locator('.easel').boundingBox())!;
      return Math.round(film.y - easel.y);
    };
    expect(await width()).toBeLessThanOrEqual(viewport.width);
    const before = await top();
    await slideTo(demo, 3, '‘year 4’, as it was');
    await demo.locator('.share-canvas').hover({ position: { x: 40, y: 130 } });
    await expect(demo.locator('.cell-said')).toContainText('Chunk');
    expect(await top()).toBe(before);
    expect(await width()).toBeLessThanOrEqual(viewport.width);
  });
}
