/** The parts of `examples/electron` that run without Electron. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import { Profile } from '@varve/crashkit/playwright';
import { record } from './results.ts';
import { staticServer } from './servers.ts';
import { launchOf } from './survival.ts';
import { workshop, type Workshop } from './workshop.ts';

const EXAMPLE = new URL('../../../examples/electron/', import.meta.url);

/** In place of Electron's utility process: its ports' events wrap what is sent. */
const STAND_IN = `
import { MessageChannel } from 'node:worker_threads';
import { openLog } from 'varve/node';
import { logClient, serveLog } from './log-port.js';

const { port1, port2 } = new MessageChannel();
const main = {
  on: (name, listener) => port1.on(name, (data) => listener({ data })),
  start: () => port1.start(),
  postMessage: (message) => port1.postMessage(message),
};
serveLog(main, openLog('visits', { directory: './stores' }));
const log = logClient(port2);
if (process.argv[2] === 'append') {
  const lsns = await Promise.all([1, 2, 3].map((number) => log.append({ number })));
  const refused = await log.append(() => undefined).catch((error) => error.name);
  console.log(JSON.stringify({ lsns, refused }));
  process.kill(process.pid, 'SIGKILL');
} else {
  console.log(JSON.stringify(await log.read()));
  process.exit(0);
}
`;

async function example(): Promise<Workshop> {
  const names = (await readdir(EXAMPLE)).filter((name) => /\.(?:js|html)$/.test(name));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(new URL(name, EXAMPLE), 'utf8')] as const),
  );
  return workshop({}, [inject('tarballs').varve], {
    ...Object.fromEntries(files),
    'stand-in.js': STAND_IN,
  });
}

test('the application’s log over a port: what was answered is there after SIGKILL', async () => {
  const project = await example();
  await expect(project.run(process.execPath, 'stand-in.js', 'append')).rejects.toThrow(
    /"lsns":\[1,2,3\],"refused":"DataCloneError"/,
  );
  const found = JSON.parse(await project.run(process.execPath, 'stand-in.js', 'read')) as object;
  expect(found).toEqual([1, 2, 3].map((number) => ({ lsn: number, value: { number } })));
  record({
    section: 'Electron',
    context: '`varve/node` over a port (Node in place of a utility process)',
    outcome: 'works',
    version: `Node ${process.versions.node}`,
    shown: 'stored, SIGKILL, recovered; `main.js` was not run',
  });
});

test('the page under its policy, from an origin of its own, keeps its log over a kill of the browser', async () => {
  const { folder } = await example();
  const url = await staticServer(folder);
  const profile = new Profile('electron');
  let browser = await launchOf()(profile);
  onTestFinished(async () => {
    await browser.close();
    profile.remove();
  });
  for (const text of ['own log: 1', 'own log: 2']) {
    const page = await browser.newPage();
    await page.goto(url);
    await page.getByText(text, { exact: true }).waitFor();
    await browser.kill();
    browser = await launchOf()(profile);
  }
  record({
    section: 'Electron',
    context: 'the page of `examples/electron` (Chromium, http in place of a scheme of its own)',
    outcome: 'works',
    version: browser.version,
    shown: 'stored, browser killed, stored behind it',
  });
});
