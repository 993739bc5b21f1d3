/** Without any bundler: import maps, and policies as strict as they come. */
import { createHash } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { appPage, appScript } from './app.ts';
import { record, survivedAs } from './results.ts';
import { staticServer } from './servers.ts';
import { crashOf, FIREFOX_IS_HERE, survives } from './survival.ts';
import { workshop } from './workshop.ts';

const SECTION = 'Without a bundler, and policies';
const URL_OF_VARVE = '/node_modules/varve/index.js';
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

interface Policy {
  readonly context: string;
  readonly policy?: string;
  readonly page?: string;
  readonly script?: string;
  readonly line?: string;
  readonly onlyChromium?: boolean;
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
    onlyChromium: true,
  },
  {
    context: "… `require-trusted-types-for 'script'; trusted-types mine`, the caller's worker",
    policy: `${TRUSTED}; trusted-types mine`,
    script: appScript(URL_OF_VARVE, OWN_WORKER),
    line: '`openLog(name, { worker })`',
    onlyChromium: true,
  },
];

const headersOf =
  (policy: string | undefined) =>
  (path: string): Record<string, string> =>
    policy === undefined || path === '/doorway.html' ? {} : { 'content-security-policy': policy };

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
    const { context, policy, line, onlyChromium = false } = given;
    if (browser === 'firefox' && (onlyChromium || !FIREFOX_IS_HERE)) continue;
    test(`${browser}, ${context}: what was acknowledged is there after a kill`, async () => {
      const upstream = await upstreamOf(given);
      const headers = headersOf(policy);
      const survived = await survives({ upstream, browser, headers, doorway: '/doorway.html' });
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

test('a page that acknowledges what it never appended is caught', async () => {
  const honest = 'await log.append(value);';
  const script = appScript(URL_OF_VARVE).replace(honest, `if (n !== 2) ${honest}`);
  const upstream = await upstreamOf({ script });
  await expect(survives({ upstream })).rejects.toThrow(/is missing|was acknowledged/);
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
