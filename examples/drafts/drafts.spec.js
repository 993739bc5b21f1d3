/** A small app on raw OPFS, killed in a real browser. Run it with `npx playwright test`. */
import { expect, KILL_POINTS, KILLS, test } from '@varve/crashkit/playwright';

test.use({ crashApp: { folder: import.meta.dirname } });

/** Saves until it is killed; nobody waits for it. */
const storm = (tab) =>
  tab.page.evaluate(() => {
    void globalThis.drafts.saveForever();
  });
const readAll = () => globalThis.drafts.readAll();

test('a tab that dies between the two writes has a draft that nobody wrote', async ({ crash }) => {
  const tab = await crash.open('/');
  await storm(tab);
  // The second write of a save is its entry; before it the count already says that it is there.
  await crash.kill(tab, 'renderer', { at: { file: 'drafts', point: 'before-write', nth: 20 } });
  const again = await crash.reopen('/');
  await expect(crash.expectPrefix(again, readAll)).rejects.toThrow(/issued|acknowledged|prefix/);
});

test('mended, it loses nothing at any point of a write', async ({ crash }) => {
  let tab = await crash.open('/?mended');
  for (const [step, point] of KILL_POINTS.entries()) {
    await storm(tab);
    await crash.kill(tab, 'renderer', { at: { file: 'drafts', point, nth: 1 + 9 * step } });
    tab = await crash.reopen('/?mended');
    const { acknowledged, recovered } = await crash.expectPrefix(tab, readAll);
    expect(recovered, point).toBeGreaterThanOrEqual(acknowledged);
  }
});

test('mended, it loses nothing whatever is killed, whenever', async ({ crash }) => {
  let tab = await crash.open('/?mended');
  for (const [seed, kill] of KILLS.entries()) {
    await storm(tab);
    await crash.kill(tab, kill, { random: { seed } });
    tab = await crash.reopen('/?mended');
    const { recovered } = await crash.expectPrefix(tab, readAll);
    expect(recovered, kill).toBeGreaterThan(0);
  }
});
