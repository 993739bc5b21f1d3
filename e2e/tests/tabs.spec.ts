/** Several tabs, one store: one leads, the others follow, and the same API works in all of them. */
import type { Page } from '@playwright/test';
import { Crash, HAS_PROC, KILL_POINTS } from '@varve/crashkit/playwright';
import { pathOf } from '../harness/browsers.ts';
import { expect, Tabs, test } from '../harness/fixture.ts';
import { Stage } from '../harness/stage.ts';

const STORE = 'shared';
/** How long a call waits for a leader that stands still, where a test makes it. */
const LEADER_TIMEOUT_MS = 3000;
/** A leader that is silent for 5 s has its lock taken. */
const DEPOSED_MS = 7000;
const LONG = 'x'.repeat(2000);

/** Opens the store in this tab, and listens to what it becomes. Resolves with its role. */
const join = (page: Page, leaderTimeoutMs?: number, name = STORE): Promise<string> =>
  page.evaluate(
    async ([store, timeoutMs]) => {
      const { lab } = window;
      const log = await lab.openLog(
        store,
        timeoutMs === undefined ? {} : { leaderTimeoutMs: timeoutMs },
      );
      log.addEventListener('role', ({ detail }) => lab.heard.push(detail.role));
      lab.log = log;
      return log.status().role;
    },
    [name, leaderTimeoutMs] as const,
  );

const role = (page: Page): Promise<string> =>
  page.evaluate(async () => (await window.lab.log!.refreshStatus()).role);

const append = (page: Page, value: string): Promise<number> =>
  page.evaluate((text) => window.lab.log!.append(text), value);

const readAll = (page: Page): Promise<[number, unknown][]> =>
  page.evaluate(() => window.lab.readAll(window.lab.log!));

const valuesIn = async (page: Page): Promise<unknown[]> =>
  (await readAll(page)).map(([, value]) => value);

/** Begins a tail that goes into `lab.heard`, besides the roles. */
const startTail = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const { lab } = window;
    void (async () => {
      for await (const { lsn, value } of lab.log!.tail()) lab.heard.push([lsn, value]);
    })().catch((error: unknown) => lab.heard.push(String(error)));
  });

const heard = (page: Page): Promise<unknown[]> => page.evaluate(() => window.lab.heard);

const entries = (...values: string[]): [number, string][] =>
  values.map((value, index) => [index + 1, value]);

test('a second tab has the same store and the same API', async ({ tabs }) => {
  const [first, second] = [await tabs.open(), await tabs.open()];
  // Nothing of what others need for this is there.
  expect(
    await second.evaluate(async () => [
      crossOriginIsolated,
      (await navigator.serviceWorker.getRegistrations()).length,
    ]),
  ).toEqual([false, 0]);
  expect(await join(first)).toBe('leader');
  expect(await append(first, 'one')).toBe(1);
  expect(await join(second)).toBe('follower');
  await startTail(first);
  await startTail(second);
  expect(await append(second, 'two')).toBe(2);
  expect(await append(first, 'three')).toBe(3);
  expect(
    await second.evaluate(async () => {
      const log = window.lab.log!;
      const batch = await log.appendBatch(['four', 'five']);
      const refused = await window.lab.settle(() => log.append('never', { expect: 1 }));
      const appended = await log.append('six', { expect: 5, durability: 'relaxed' });
      const durable = await log.flush();
      await log.checkpoint({ count: 6 }, { upTo: 6 });
      const { state, lsn } = await log.recover((all: { count: number }) => all, { count: 0 });
      const six = (await log.get(6))?.value;
      const code = 'error' in refused && refused.error.code;
      return { batch, code, appended, durable, state, lsn, six };
    }),
  ).toEqual({
    batch: 4,
    code: 'CONFLICT',
    appended: 6,
    durable: 6,
    state: { count: 6 },
    lsn: 6,
    six: 'six',
  });
  const all = entries('one', 'two', 'three', 'four', 'five', 'six');
  for (const page of [first, second]) {
    expect(await readAll(page)).toEqual(all);
    await expect.poll(() => heard(page)).toEqual(all);
  }
  expect(
    await second.evaluate(async () => {
      const log = window.lab.log!;
      const lsn = await log.appendStream(new Blob(['x'.repeat(300_000)]).stream());
      const bytes = await new Response(log.getStream(lsn)).arrayBuffer();
      const exported = await new Response(log.export()).arrayBuffer();
      await log.trim(3);
      const { role: own, durableLsn, coveredLsn, generation } = await log.refreshStatus();
      const facts = { own, durableLsn, coveredLsn, generation };
      return { lsn, length: bytes.byteLength, exported: exported.byteLength > 300_000, ...facts };
    }),
  ).toEqual({
    lsn: 7,
    length: 300_000,
    exported: true,
    own: 'follower',
    durableLsn: 7,
    coveredLsn: 6,
    generation: await first.evaluate(() => window.lab.log!.status().generation),
  });
});

test('the leader’s tab is closed: a follower leads, says so, and its calls go on', async ({
  tabs,
}) => {
  const [first, second, third] = [await tabs.open(), await tabs.open(), await tabs.open()];
  await join(first);
  await append(first, 'one');
  expect([await join(second), await join(third)]).toEqual(['follower', 'follower']);
  await startTail(third);
  await first.close();
  expect(await append(second, 'two')).toBe(2);
  expect(await append(third, 'three')).toBe(3);
  const roles = [await role(second), await role(third)];
  expect([...roles].sort()).toEqual(['follower', 'leader']);
  const leader = roles[0] === 'leader' ? second : third;
  await expect.poll(() => heard(leader)).toContain('leader');
  await expect
    .poll(async () => (await heard(third)).filter((each) => Array.isArray(each)))
    .toEqual(entries('one', 'two', 'three'));
});

test('closing the log in the leading tab hands it over, and the tab may come back', async ({
  tabs,
}) => {
  const [first, second] = [await tabs.open(), await tabs.open()];
  await join(first);
  await append(first, 'one');
  await join(second);
  await first.evaluate(() => window.lab.log!.close());
  expect(await append(second, 'two')).toBe(2);
  expect(await role(second)).toBe('leader');
  expect(await join(first)).toBe('follower');
  expect(await append(first, 'three')).toBe(3);
});

test('a leader in the back/forward cache has handed over; it comes back and follows', async ({
  tabs,
}) => {
  const [first, second] = [await tabs.open(), await tabs.open()];
  await join(first);
  await append(first, 'one');
  await join(second);
  await startTail(second);
  await first.goto(`${tabs.origin}/blank.html`);
  expect(await append(second, 'two')).toBe(2);
  expect(await role(second)).toBe('leader');
  await first.goBack({ waitUntil: 'commit' });
  await first.waitForSelector('body[data-ready]', { state: 'attached' });
  // Out of the cache, or loaded anew: then nothing is open in it.
  if (await first.evaluate(() => window.lab.log === undefined)) await join(first);
  expect(await append(first, 'three')).toBe(3);
  expect([await role(first), await role(second)]).toEqual(['follower', 'leader']);
  await expect
    .poll(async () => (await heard(second)).filter((each) => Array.isArray(each)))
    .toEqual(entries('one', 'two', 'three'));
});

test.describe('a leader that stands still (SIGSTOP)', () => {
  test.skip(!HAS_PROC, 'which process is a tab’s is only known on Linux');

  /** Appends that are begun, and how each ends, in `lab.heard`. */
  const begin = (page: Page, values: string[]): Promise<void> =>
    page.evaluate((all) => {
      const { lab } = window;
      for (const value of all) {
        void lab
          .settle(() => lab.log!.append(value))
          .then((settled) => lab.heard.push({ value, ...settled }));
      }
    }, values);

  interface Ended {
    readonly value?: string;
    readonly error?: { readonly code: string; readonly outcome: string; readonly afterMs: number };
  }
  const endings = async (page: Page): Promise<Ended[]> =>
    ((await heard(page)) as Ended[]).filter((each) => each.value !== undefined);

  // Before anybody tries to depose it, and after one of the others has taken the lock.
  for (const stoodMs of [0, 8000]) {
    test(`the others’ appends end in time, with an outcome; when it goes on${stoodMs > 0 ? ' late' : ''} there is one leader`, async ({
      tabs,
    }) => {
      const begunMs = performance.now();
      const [first, second, third] = [await tabs.open(), await tabs.open(), await tabs.open()];
      await join(first);
      await append(first, 'before');
      for (const page of [second, third]) await join(page, LEADER_TIMEOUT_MS);
      const goOn = await tabs.suspend(first);
      await begin(second, ['a1', 'a2', 'a3']);
      await begin(third, ['b1', 'b2', 'b3']);
      const late = LEADER_TIMEOUT_MS + 5000;
      await expect.poll(async () => (await endings(second)).length, { timeout: late }).toBe(3);
      await expect.poll(async () => (await endings(third)).length, { timeout: late }).toBe(3);
      const ended = [...(await endings(second)), ...(await endings(third))];
      for (const { error } of ended) {
        expect(['LEADER_UNRESPONSIVE', 'TIMEOUT']).toContain(error?.code);
        expect(['not-written', 'unknown']).toContain(error?.outcome);
      }
      const leftMs = stoodMs - (performance.now() - begunMs);
      if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
      goOn();
      expect(await append(second, 'after')).toBeGreaterThan(1);
      await append(third, 'after, too');
      await append(first, 'by the first');
      const values = await valuesIn(first);
      // Once each, or not at all; what was said not to be written is not.
      expect(new Set(values).size).toBe(values.length);
      expect(values).toEqual(
        expect.arrayContaining(['before', 'after', 'after, too', 'by the first']),
      );
      for (const { value, error } of ended)
        if (error?.outcome === 'not-written') expect(values).not.toContain(value);
      for (const page of [second, third]) expect(await valuesIn(page)).toEqual(values);
      const roles = [await role(first), await role(second), await role(third)];
      expect(roles.filter((each) => each === 'leader')).toHaveLength(1);
    });
  }

  test('whichever step of an append it stands at: another has its lock when it goes on, and nothing is lost, twice, or undone', async () => {
    // Workers that can be made to stand at a step.
    const stage = await Stage.set({ pages: ['lab'] });
    const crash = await Crash.start({ server: stage.server, launch: stage.launch, label: 'steps' });
    const tabs = new Tabs(crash);
    try {
      const each: { point: string; leader: Page; follower: Page }[] = [];
      for (const point of KILL_POINTS) {
        const [leader, follower] = [await tabs.open(), await tabs.open()];
        await join(leader, LEADER_TIMEOUT_MS, `at-${point}`);
        await append(leader, 'before');
        await join(follower, LEADER_TIMEOUT_MS, `at-${point}`);
        each.push({ point, leader, follower });
      }
      const goOn: (() => void)[] = [];
      for (const { point, leader, follower } of each) {
        // Of the record itself, not of the mark that an idle store makes.
        const stop = {
          point,
          file: 'journal',
          leastBytes: 1000,
          skipZeros: true,
          forMs: DEPOSED_MS,
        };
        await tabs.standAt(stop, () => begin(follower, [LONG]));
        goOn.push(await tabs.suspend(leader));
        await begin(follower, ['behind it']);
      }
      for (const { point, follower } of each)
        await expect
          .poll(async () => (await endings(follower)).length, { message: point, timeout: 10_000 })
          .toBe(2);
      await new Promise((resolve) => setTimeout(resolve, DEPOSED_MS));
      for (const resume of goOn) resume();
      for (const { point, leader, follower } of each) {
        await expect.poll(() => role(follower), { message: point, timeout: 15_000 }).toBe('leader');
        expect(await append(follower, 'after'), point).toBeGreaterThan(1);
        expect(await append(leader, 'by who led'), point).toBeGreaterThan(2);
        expect(await role(leader), point).toBe('follower');
        const values = await valuesIn(leader);
        expect(await valuesIn(follower), point).toEqual(values);
        expect(new Set(values).size, point).toBe(values.length);
        expect(values, point).toEqual(expect.arrayContaining(['before', 'after', 'by who led']));
        for (const { value, error } of await endings(follower)) {
          expect(['not-written', 'unknown'], point).toContain(error?.outcome);
          if (error?.outcome === 'not-written') expect(values, point).not.toContain(value);
        }
      }
    } finally {
      await crash.close();
      await stage.strike();
    }
  });

  test('a short stop costs nothing but time: everything is appended, once, in order', async ({
    tabs,
  }) => {
    const [first, second] = [await tabs.open(), await tabs.open()];
    await join(first);
    await append(first, 'before');
    await join(second);
    const goOn = await tabs.suspend(first);
    await begin(second, ['a1', 'a2', 'a3']);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await endings(second)).toEqual([]);
    goOn();
    await expect.poll(async () => (await endings(second)).length).toBe(3);
    expect(await readAll(first)).toEqual(entries('before', 'a1', 'a2', 'a3'));
  });

  test('an aborted call ends at once; nothing of the leader is waited for', async ({ tabs }) => {
    const [first, second] = [await tabs.open(), await tabs.open()];
    await join(first);
    await append(first, 'before');
    await join(second);
    const goOn = await tabs.suspend(first);
    const ended = await second.evaluate(async () => {
      const { lab } = window;
      const log = lab.log!;
      const signal = AbortSignal.timeout(200);
      const tailed = async (): Promise<string> => {
        for await (const _ of log.tail({ after: 1, signal })) continue;
        return 'ended';
      };
      const begunMs = performance.now();
      const tookMs: number[] = [];
      const timed = async <T>(work: Promise<T>): Promise<T> =>
        work.finally(() => tookMs.push(performance.now() - begunMs));
      const [appended, tail, read] = await Promise.all([
        timed(lab.settle(() => log.append('aborted', { signal }))),
        timed(tailed()),
        timed(
          lab.settle(async () => {
            for await (const _ of log.read({ signal })) continue;
          }),
        ),
      ]);
      return { appended, tail, read, tookMs };
    });
    goOn();
    expect(ended.appended).toMatchObject({ error: { code: 'ABORTED', outcome: 'unknown' } });
    expect(ended.tail).toBe('ended');
    expect(ended.read).toMatchObject({ error: { code: 'ABORTED' } });
    for (const tookMs of ended.tookMs) expect(tookMs).toBeLessThan(2000);
    expect(await append(second, 'after')).toBeGreaterThan(1);
    const values = await valuesIn(second);
    expect(values.filter((value) => value === 'aborted').length).toBeLessThan(2);
  });

  test('it died: the others go on, and what was in flight is there once', async ({ tabs }) => {
    const [first, second] = [await tabs.open(), await tabs.open()];
    await join(first);
    await append(first, 'before');
    await join(second);
    await tabs.suspend(first);
    await begin(second, ['a1', 'a2', 'a3']);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await tabs.kill(first, 'renderer');
    await expect.poll(async () => (await endings(second)).length).toBe(3);
    expect(await readAll(second)).toEqual(entries('before', 'a1', 'a2', 'a3'));
    expect(await role(second)).toBe('leader');
  });
});

test('nonsense on the store’s channels harms nobody', async ({ tabs }) => {
  const [first, second, stranger] = [await tabs.open(), await tabs.open(), await tabs.open()];
  await join(first);
  await append(first, 'one');
  await join(second);
  await stranger.evaluate((store) => {
    const channel = new BroadcastChannel(`varve/tabs:${store}`);
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    const bad: unknown[] = [null, 0, '', [], {}, new Uint8Array(1_000_000), endless, new Map()];
    const version = 1;
    const member = '0123456789abcdef';
    for (const kind of ['seek', 'lead', 'join', 'stepDown', 'beat', '__proto__', 7]) {
      bad.push({ kind }, { kind, version, member: 'x'.repeat(100_000) });
      bad.push({ kind, version: -1, member, epoch: NaN, leader: member, link: '', given: null });
      bad.push({ kind, version, member, epoch: 2 ** 53, leader: {}, link: [], given: endless });
    }
    // Well made, and a lie: somebody who is not there says that it leads.
    bad.push({ kind: 'lead', version, member, epoch: Number.MAX_SAFE_INTEGER });
    for (const message of bad) channel.postMessage(message);
    channel.close();
  }, STORE);
  expect(await append(second, 'two')).toBe(2);
  expect(await append(first, 'three')).toBe(3);
  for (const page of [first, second])
    expect(await readAll(page)).toEqual(entries('one', 'two', 'three'));
  expect([await role(first), await role(second)]).toEqual(['leader', 'follower']);
});

test('two opens in one page share one engine', async ({ tabs }) => {
  const page = await tabs.open();
  const lsns = await page.evaluate(async () => {
    const [a, b] = await Promise.all([window.lab.openLog('one'), window.lab.openLog('one')]);
    const first = await a.append('a');
    await a.close();
    const second = await b.append('b');
    await b.close();
    return [first, second];
  });
  expect(lsns).toEqual([1, 2]);
});

test('in Firefox too: a second tab, and one that takes over', async () => {
  test.skip((await pathOf('firefox')) === undefined, 'no Firefox on this machine');
  const stage = await Stage.set({ browser: 'firefox', pages: ['lab'], killPoints: false });
  const crash = await Crash.start({ server: stage.server, launch: stage.launch });
  const tabs = new Tabs(crash);
  try {
    const [first, second, third] = [await tabs.open(), await tabs.open(), await tabs.open()];
    expect(await join(first)).toBe('leader');
    await append(first, 'one');
    expect([await join(second), await join(third)]).toEqual(['follower', 'follower']);
    await startTail(third);
    expect(await append(second, 'two')).toBe(2);
    await first.close();
    expect(await append(third, 'three')).toBe(3);
    expect(await append(second, 'four')).toBe(4);
    expect([await role(second), await role(third)].sort()).toEqual(['follower', 'leader']);
    const all = entries('one', 'two', 'three', 'four');
    for (const page of [second, third]) expect(await readAll(page)).toEqual(all);
    await expect
      .poll(async () => (await heard(third)).filter((each) => Array.isArray(each)))
      .toEqual(all);
  } finally {
    await crash.close();
    await stage.strike();
  }
});
