/**
 * The demo's volume from inside: its trees, who has each chunk, its snapshots, its locks.
 *
 * Always true: what is expected of a picture is looked for in its pixels, not only in what is said of it.
 */
import type { Locator, Page } from '@playwright/test';
import { expect, openTab, test } from '../harness/demo-site.ts';

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();
const tree = (page: Page, name: string): Locator => page.locator(`canvas[data-map=${name}]`);
const key = (page: Page, colour: string): Locator => page.locator(`.spaces .key-${colour}`).first();
const fact = (page: Page, term: string): Locator =>
  page
    .locator('.locks-card div')
    .filter({ has: page.getByText(term, { exact: true }) })
    .locator('dd');

async function openVolume(page: Page): Promise<void> {
  await openTab(page, 'Volume');
  await expect(page.locator('.volume-phase')).toHaveText('open');
  await expect(fact(page, 'Leader')).toBeVisible();
}

/** The chunk in the middle of the picture is drawn on. */
async function dot(page: Page, button: 'left' | 'right' = 'left'): Promise<void> {
  const picture = page.locator('.picture-canvas');
  await picture.scrollIntoViewIfNeeded();
  const box = (await picture.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.515, box.y + box.height * 0.515);
  await page.mouse.down({ button });
  await page.mouse.up({ button });
  await expect(page.locator('.easel-said')).toContainText('durable in');
}

/** How many pixels of a canvas have a colour of the stylesheet. */
function pixelsOf(canvas: Locator, colour: string): Promise<number> {
  return canvas.evaluate((element, name) => {
    const probe = document.createElement('canvas').getContext('2d')!;
    const style = getComputedStyle(document.documentElement);
    probe.fillStyle = style.getPropertyValue(`--${name}`).trim();
    probe.fillRect(0, 0, 1, 1);
    const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
    const { width, height } = element as HTMLCanvasElement;
    const context = (element as HTMLCanvasElement).getContext('2d')!;
    const { data } = context.getImageData(0, 0, width, height);
    let pixels = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) pixels += 1;
    }
    return pixels;
  }, colour);
}

test('a chunk is the origin’s, then shared, then a snapshot’s alone, in quarantine, and free', async ({
  demo,
}) => {
  await openVolume(demo);
  const pool = demo.locator('.letter-canvas').first();
  await expect(tree(demo, 'origin')).toHaveAttribute('data-blocks', '0');
  await dot(demo);
  await expect(key(demo, 'use-origin')).toHaveText('1 the origin’s alone');
  await expect(tree(demo, 'origin')).toHaveAttribute('data-blocks', '3');
  await expect.poll(() => pixelsOf(pool, 'use-origin')).toBeGreaterThan(4);
  expect(await pixelsOf(pool, 'use-shared')).toBe(0);
  // Nothing was checkpointed yet.
  expect(await pixelsOf(tree(demo, 'origin'), 'covered')).toBeGreaterThan(10);

  await press(demo, 'Take a snapshot');
  await expect(key(demo, 'use-shared')).toHaveText('1 shared with snapshots');
  await expect.poll(() => pixelsOf(pool, 'use-shared')).toBeGreaterThan(4);
  await expect(demo.locator('[data-snapshot="snapshot 1"] .own-chunks')).toHaveText('0');

  await dot(demo, 'right');
  await expect(key(demo, 'use-snapshots')).toHaveText('1 of snapshots alone');
  await expect.poll(() => pixelsOf(pool, 'use-snapshots')).toBeGreaterThan(4);
  await expect(demo.locator('[data-snapshot="snapshot 1"] .own-chunks')).toHaveText('1');
  await expect(tree(demo, 'exceptions')).toHaveAttribute('data-blocks', '1');

  await demo.getByRole('slider', { name: /^Snapshots/ }).fill('0');
  await press(demo, 'Delete');
  await expect(key(demo, 'use-quarantine')).toHaveText('1 in quarantine');
  await expect(tree(demo, 'exceptions')).toHaveAttribute('data-blocks', '0');
  await press(demo, 'Checkpoint');
  await expect(key(demo, 'use-quarantine')).toHaveText('0 in quarantine');
  await expect(key(demo, 'use-free')).toHaveText('1 free again');
  await expect(key(demo, 'never-given')).toContainText('free, not used yet');
  await expect.poll(() => pixelsOf(tree(demo, 'origin'), 'covered')).toBe(0);
  await expect(demo.locator('.snapshot-rows')).toBeHidden();
});

test('the trees of eight years are drawn, and each block of them can be pointed at', async ({
  demo,
}) => {
  await openVolume(demo);
  await press(demo, 'Paint eight years');
  await expect(demo.locator('.easel-said')).toContainText('8 years', { timeout: 60_000 });
  await expect(demo.locator('.snapshot-rows tbody tr')).toHaveCount(8);
  const exceptions = tree(demo, 'exceptions');
  await expect
    .poll(async () => Number(await exceptions.getAttribute('data-blocks')))
    .toBeGreaterThan(3);
  await press(demo, 'Checkpoint');
  await expect.poll(() => pixelsOf(exceptions, 'covered')).toBe(0);
  expect(await pixelsOf(exceptions, 'map-exceptions-shared')).toBeGreaterThan(100);
  expect(await pixelsOf(tree(demo, 'origin'), 'map-origin-shared')).toBeGreaterThan(100);

  const said = demo.locator('.block-said');
  await exceptions.focus();
  await demo.keyboard.press('Home');
  await expect(said).toContainText(/^Node of the exceptions, chunks 0 – 1,023, over \d+ blocks\./);
  await demo.keyboard.press('ArrowRight');
  await expect(said).toContainText(/^Leaf of the exceptions, chunks 0 – \d+: for \d+ of them/);
  await expect(said).toContainText(/Place \d+ of the metadata file\.$/);
  await tree(demo, 'origin').hover({ position: { x: 5, y: 40 } });
  await expect(said).toContainText('Leaf of the origin, chunks 0 – 507: 508 stored');

  const places = demo.locator('.letter-canvas').nth(1);
  await places.focus();
  await demo.keyboard.press('ArrowRight');
  await expect(demo.locator('.space-said')).toHaveText(/^Place 1: /);
  for (const colour of ['place-origin', 'place-exceptions', 'place-references']) {
    expect(await pixelsOf(places, colour), colour).toBeGreaterThan(4);
  }
  const read = await demo.locator('.spaces .legend').first().innerText();
  const [origin, shared, snapshots] = read.match(/[\d,]+/g)!.map((n) => Number(n.replace(',', '')));
  expect(origin! + shared!).toBe(1_024);
  expect(snapshots).toBeGreaterThan(100);
});

/** Changes a byte of the volume's metadata. Who had it open a moment ago may not have let go of it yet. */
async function damage(page: Page, place: number): Promise<void> {
  await expect(async () => damageNow(page, place)).toPass({ timeout: 10_000 });
}

async function damageNow(page: Page, place: number): Promise<void> {
  await page.evaluate(
    async (at) => {
      const storage = await navigator.storage.getDirectory();
      const root = await storage.getDirectoryHandle('varve');
      const folder = await root.getDirectoryHandle('demo-picture');
      const file = await folder.getFileHandle('meta');
      const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
      const stream = await file.createWritable({ keepExistingData: true });
      await stream.write({ type: 'write', position: at, data: Uint8Array.of(~bytes[at]!) });
      await stream.close();
    },
    place * 4_096 + 2_000,
  );
}

test('a damaged block is drawn as one, and the rest of the picture stands', async ({ demo }) => {
  await openVolume(demo);
  await press(demo, 'Paint eight years');
  await expect(demo.locator('.easel-said')).toContainText('8 years', { timeout: 60_000 });
  await press(demo, 'Checkpoint');
  const exceptions = tree(demo, 'exceptions');
  await expect.poll(() => pixelsOf(exceptions, 'covered')).toBe(0);
  await expect(key(demo, 'use-unknown')).toBeHidden();
  const said = demo.locator('.block-said');
  await exceptions.focus();
  await demo.keyboard.press('End');
  await expect(said).toContainText(/Place \d+ of/);
  const [, place] = /Place (\d+) of/.exec(await said.innerText())!;

  await press(demo, 'Let another tab have it');
  await expect(demo.locator('.absence')).toContainText('The volume is closed');
  await damage(demo, Number(place));
  await press(demo, 'Open it again');
  await expect(exceptions).toHaveAttribute('aria-label', /, 1 damaged/);
  await expect.poll(() => pixelsOf(exceptions, 'alarm')).toBeGreaterThan(20);
  expect(await pixelsOf(exceptions, 'map-exceptions')).toBeGreaterThan(100);
  await expect(key(demo, 'use-unknown')).toHaveText(/^[1-9]\d* not known$/);
  await expect(demo.locator('.snapshot-rows .own-chunks').first()).toHaveText(/^≥ \d+$/);
  await exceptions.focus();
  await demo.keyboard.press('End');
  await expect(said).toContainText('does not verify, nothing of it counts.');
  await tree(demo, 'origin').hover({ position: { x: 200, y: 60 } });
  await expect(said).toContainText(/Leaf of the origin, .* at least \d+ of them seen by snapshots/);
});

test('the tab that leads holds the lock, and another one waits for it', async ({
  demo,
  context,
  site,
}) => {
  await openVolume(demo);
  await expect(fact(demo, 'Web Lock')).toHaveText('held by one tab, nobody waits');
  await expect(fact(demo, 'Leader')).toHaveText(/^this tab, epoch \d+$/);
  await expect(fact(demo, 'Changes')).toHaveText('go on at once');
  const second = await context.newPage();
  await second.goto(site);
  await openVolume(second);
  await expect(fact(second, 'Leader')).toHaveText(/^another tab, epoch \d+$/);
  await expect(fact(second, 'Web Lock')).toHaveText('held by one tab, 1 tab waits');
  // A follower is told of the leader's volume.
  await dot(second);
  await expect(key(second, 'use-origin')).toHaveText('1 the origin’s alone');
  await demo.close();
  await expect(fact(second, 'Leader')).toHaveText(/^this tab, epoch \d+$/);
  await expect(fact(second, 'Web Lock')).toHaveText('held by one tab, nobody waits');
  await expect(key(second, 'use-origin')).toHaveText('1 the origin’s alone');
});
