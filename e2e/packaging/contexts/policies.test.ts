/** Without any bundler: import maps, and policies as strict as they come. */
import { createHash } from 'node:crypto';
import { Profile } from '@varve/crashkit/playwright';
import type { Page } from 'playwright-core';
import { expect, inject, onTestFinished, test } from 'vitest';
import { ISOLATED, serveFolder } from '../../../scripts/lib/serve.mjs';
import { appPage, appScript, portsScript, volumeScript } from './app.ts';
import { linkByPort } from './links.ts';
import { record, survivedAs } from './results.ts';
import { staticServer } from './servers.ts';
import { crashOf, FIREFOX_IS_HERE, launchOf, ready, survives } from './survival.ts';
import { workshop } from './workshop.ts';

const SECTION = 'Without a bundler, and policies';
const URL_OF_VARVE = '/node_modules/varve/index.js';
const URL_OF_VOLUME = '/node_modules/varve/volume.js';
const STRICT = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'";
const TRUSTED = `${STRICT}; require-trusted-types-for 'script'`;

const MAP = JSON.stringify({ imports: { varve: URL_OF_VARVE } });
const MAP_HASH = createHash('sha256').update(MAP).digest('base64');
const MAPPED = appPage('./main.js').replace(
  '<body>',
  `<body><script type="importmap">${MAP}</script>`,
);

/** A worker of the page's own, by a policy of the page's own. */
const OWN_WORKER = `worker: () => new Worker(trustedTypes.createPolicy('mine', {
  createScriptURL: (url) => url,
}).createScriptURL('/node_modules/varve/worker.js'), { type: 'module' })`;

const RINGED = `import { ring } from '/node_modules/varve/ring.js';
if (!crossOriginIsolated) throw new Error('not isolated');
${appScript(URL_OF_VARVE, 'transport: ring()')}`;

const LINKED = portsScript(URL_OF_VARVE, '/node_modules/varve/ports.js');

interface Policy {
  readonly context: string;
  readonly policy?: string;
  readonly page?: string;
  readonly script?: string;
  readonly line?: string;
  /** Beside the policy: shared memory for those who are alone. */
  readonly isIsolated?: boolean;
  /** Two tabs must come to link by port. */
  readonly isLinked?: boolean;
}

const POLICIES: readonly Policy[] = [
  { context: 'import map, no policy', page: MAPPED, script: appScript() },
  {
    context: `\`${STRICT}\`, by URL`,
    policy: STRICT,
  },
  {
    context: 'the same policy, import map',
    policy: STRICT.replace("script-src 'self'", `script-src 'self' 'sha256-${MAP_HASH}'`),
    page: MAPPED,
    script: appScript(),
    line: "the map's hash in `script-src`",
  },
  {
    context: "the same policy and `require-trusted-types-for 'script'; trusted-types varve`",
    policy: `${TRUSTED}; trusted-types varve`,
  },
  {
    context: 'the same policy and `trusted-types varve`, isolated, appends by `varve/ring`',
    policy: `${TRUSTED}; trusted-types varve`,
    script: RINGED,
    isIsolated: true,
  },
  {
    context:
      'the same policy and `trusted-types varve varve-ports`, tabs that link by `varve/ports`',
    policy: `${TRUSTED}; trusted-types varve varve-ports`,
    script: LINKED,
    isLinked: true,
  },
  {
    context: 'the same policy, a volume by URL',
    policy: STRICT,
    script: volumeScript(URL_OF_VOLUME),
  },
  {
    context: 'the same policy and `trusted-types varve`, a volume by URL',
    policy: `${TRUSTED}; trusted-types varve`,
    script: volumeScript(URL_OF_VOLUME),
  },
  {
    context: "… `require-trusted-types-for 'script'; trusted-types mine`, the caller's worker",
    policy: `${TRUSTED}; trusted-types mine`,
    script: appScript(URL_OF_VARVE, OWN_WORKER),
    line: '`openLog(name, { worker })`',
  },
];

const headersOf =
  (policy: string | undefined, isIsolated = false) =>
  (path: string): Record<string, string> => ({
    ...(policy !== undefined && path !== '/doorway.html' && { 'content-security-policy': policy }),
    ...(isIsolated && ISOLATED),
  });

async function upstreamOf({ page, script }: Pick<Policy, 'page' | 'script'>): Promise<string> {
  const { folder } = await workshop({}, [inject('tarballs').varve], {
    'index.html': page ?? appPage('./main.js'),
    'doorway.html': '<!doctype html><title>blank</title>',
    'main.js': script ?? appScript(URL_OF_VARVE),
  });
  return staticServer(folder);
}

for (const browser of ['chromium', 'firefox'] as const) {
  for (const given of POLICIES) {
    const { context, policy, line, isIsolated, isLinked } = given;
    if (browser === 'firefox' && !FIREFOX_IS_HERE) continue;
    test(`${browser}, ${context}: what was acknowledged is there after a kill`, async () => {
      const upstream = await upstreamOf(given);
      const headers = headersOf(policy, isIsolated);
      const options = { upstream, browser, headers, doorway: '/doorway.html' };
      if (isLinked === true) await linkByPort(options);
      const survived = await survives(options);
      record({
        section: SECTION,
        context,
        outcome: line === undefined ? 'works' : `one line: ${line}`,
        version: survived.browser,
        shown: survivedAs(survived),
      });
    });
  }
}

test.each([
  ['appended', appScript(URL_OF_VARVE).replace('await log.append(', 'if (n !== 2) $&')],
  [
    'wrote to its volume',
    volumeScript(URL_OF_VOLUME).replace('await volume.write(', 'if (n === 2) slots++; else $&'),
  ],
])('a page that acknowledges what it never %s is caught', async (_, script) => {
  const upstream = await upstreamOf({ script });
  await expect(survives({ upstream })).rejects.toThrow(/is missing|was acknowledged/);
});

/** How long so many appends take: one after the other, and many at once. */
const SPEED = `
import { openLog } from '${URL_OF_VARVE}';
const log = await openLog('speed');
const value = 'layer upon layer '.repeat(6);
window.measure = async (appends, atOnce) => {
  const startMs = performance.now();
  for (let done = 0; done < appends; done += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, () => log.append(value)));
  }
  return performance.now() - startMs;
};
window.mode = log.status().mode;
document.body.dataset.ready = 'yes';`;
/** Short ones, taking turns: of some of them the machine has nothing else to do. */
const ROUNDS = 24;
/** Far from noise: a policy that sends appends another, slower way costs more than that. */
const TOO_SLOW = 2;

declare global {
  interface Window {
    measure(appends: number, atOnce: number): Promise<number>;
    mode: string;
  }
}

test('appends under the strictest policy are as fast as without any', async () => {
  const { folder } = await workshop({}, [inject('tarballs').varve], {
    'index.html': appPage('./speed.js'),
    'speed.js': SPEED,
  });
  const profile = new Profile('speed');
  const browser = await launchOf()(profile);
  onTestFinished(async () => {
    await browser.close();
    profile.remove();
  });
  const pageUnder = async (policy?: string): Promise<Page> => {
    const headers = policy === undefined ? {} : { 'Content-Security-Policy': policy };
    const server = await serveFolder(folder, { headers });
    onTestFinished(() => server.close());
    const page = await browser.newPage();
    await page.goto(server.url);
    await ready(page);
    expect(await page.evaluate(() => window.mode)).toBe('opfs');
    return page;
  };
  const without = await pageUnder();
  const under = await pageUnder(`${TRUSTED}; trusted-types varve`);
  /** Of the fastest round under the policy to the fastest without one. */
  const ratioOf = async (appends: number, atOnce: number): Promise<number> => {
    const best = new Map<Page, number>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const page of round % 2 === 0 ? [without, under] : [under, without]) {
        await page.bringToFront();
        const given = [appends, atOnce] as const;
        const ms = await page.evaluate(([count, each]) => window.measure(count, each), given);
        best.set(page, Math.min(ms, best.get(page) ?? Infinity));
      }
    }
    return best.get(under)! / best.get(without)!;
  };
  // Compiled, and once around in both.
  for (const page of [without, under]) await page.evaluate(() => window.measure(1_280, 64));
  const single = await ratioOf(60, 1);
  const many = await ratioOf(1_280, 64);
  expect(single).toBeLessThan(TOO_SLOW);
  expect(many).toBeLessThan(TOO_SLOW);
  record({
    section: SECTION,
    context: 'the same policy and `trusted-types varve`: time of an append, without a policy = 1',
    outcome: 'as fast',
    version: browser.version,
    shown: `one at a time ${single.toFixed(2)}, 64 at once ${many.toFixed(2)} (the fastest of ${ROUNDS} rounds each, taking turns)`,
  });
});

test('no policy for trusted types is allowed: WORKER_LOAD_FAILED, naming the cure', async () => {
  const upstream = await upstreamOf({});
  const crash = await crashOf({ upstream, headers: headersOf(`${TRUSTED}; trusted-types 'none'`) });
  await (await crash.open('/doorway.html')).page.close();
  const { page } = await crash.open('/');
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  const refused = await page.evaluate(() =>
    window.app.start(0).catch(({ code, message }) => ({ code, message })),
  );
  expect(refused).toMatchObject({
    code: 'WORKER_LOAD_FAILED',
    message: expect.stringContaining('{ worker }'),
  });
  record({
    section: SECTION,
    context: "… `require-trusted-types-for 'script'; trusted-types 'none'`",
    outcome: 'refused: `WORKER_LOAD_FAILED`',
    version: crash.browser.version,
    shown: 'refused, the message names `openLog(name, { worker })`',
  });
});
