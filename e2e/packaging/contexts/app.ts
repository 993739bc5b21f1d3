/**
 * The app that every context runs: a storm of appends, or of writes to a volume, and what is there
 * after it.
 *
 * Always true: `crashkit.issued` is told before an append or a write, `crashkit.acknowledged` once it
 * resolved, and both have left the process when they return.
 */

/** What the app puts on its window. */
export interface App {
  /** Opens the log or volume, and appends or writes until somebody kills it. */
  start(round: number): Promise<string>;
  readAll(): Promise<unknown[]>;
  /** Of a log that follows: how it asks its leader. */
  link?(): 'port' | 'channel' | undefined;
}

declare global {
  interface Window {
    app: App;
  }
}

const putApp = (condition = 'true'): string => `
// On a server that renders the page ahead this module is loaded, too.
if (typeof document !== 'undefined' && ${condition}) {
  window.app = app;
  document.body.dataset.ready = 'yes';
}
`;

/**
 * @param varve how the page names the package
 * @param options of `openLog`, as they stand between the braces
 * @param condition an expression: without it being true the script puts nothing anywhere
 */
export const appScript = (varve = 'varve', options = '', condition?: string): string => `
import { openLog } from '${varve}';

let log;
const opened = async () => (log ??= await openLog('packaging'${options && `, { ${options} }`}));

async function appendForever(round, writer) {
  for (let n = 0; ; n++) {
    const value = { round, writer, n, text: 'layer upon layer '.repeat(n % 50) };
    globalThis.crashkit?.issued(value);
    await log.append(value);
    globalThis.crashkit?.acknowledged(value);
  }
}

const app = {
  async start(round) {
    await opened();
    for (let writer = 0; writer < 8; writer++) void appendForever(round, writer);
    return log.status().mode;
  },
  async readAll() {
    const values = [];
    for await (const { value } of (await opened()).read()) values.push(value);
    return values;
  },
  link: () => log.status().link,
};
${putApp(condition)}`;

/** The same log, whose tabs link by port. */
export const portsScript = (
  varve = 'varve',
  ports = 'varve/ports',
  condition?: string,
): string => `import { ports } from '${ports}';
${appScript(varve, 'transport: ports()', condition)}`;

/**
 * The same on a volume: one value a slot, slot after slot, several slots to a chunk. What is there is
 * every slot that is not empty: a write that came before the one it was issued behind leaves a hole.
 * @param varve how the page names `varve/volume`
 */
export const volumeScript = (varve = 'varve/volume', condition?: string): string => `
import { openVolume } from '${varve}';

const SLOT_BYTES = 512;
const SLOTS = 8192;
const utf8 = new TextEncoder();

let volume;
let slots = 0;
const opened = async () =>
  (volume ??= await openVolume('packaging', { sizeBytes: SLOTS * SLOT_BYTES }));

async function readAll() {
  const bytes = await (await opened()).read(0, SLOTS * SLOT_BYTES);
  const values = [];
  for (let at = 0; at < bytes.length; at += SLOT_BYTES) {
    const slot = bytes.subarray(at, at + SLOT_BYTES);
    if (slot[0] !== 0) values.push(JSON.parse(new TextDecoder().decode(slot).replace(/\\0+$/, '')));
  }
  return values;
}

async function writeForever(round, writer) {
  for (let n = 0; slots < SLOTS; n++) {
    const value = { round, writer, n, text: 'layer upon layer '.repeat(n % 20) };
    const slot = new Uint8Array(SLOT_BYTES);
    slot.set(utf8.encode(JSON.stringify(value)));
    globalThis.crashkit?.issued(value);
    await volume.write(slots++ * SLOT_BYTES, slot);
    globalThis.crashkit?.acknowledged(value);
  }
}

const app = {
  async start(round) {
    slots = (await readAll()).length;
    for (let writer = 0; writer < 8; writer++) void writeForever(round, writer);
    return (await volume.status()).store.mode;
  },
  readAll,
};
${putApp(condition)}`;

/** Where `APPS` is a volume, or a log whose tabs link by port, and not a log alone. */
export const VOLUME_PATH = '/?volume';
export const PORTS_PATH = '/?ports';
const IS_AT = (path: string): string => `'/' + location.search === '${path}'`;

/** A log and a volume in one page: who loads both has a worker for each. */
export const APPS = {
  'log-app.js': appScript('varve', '', `!(${IS_AT(VOLUME_PATH)} || ${IS_AT(PORTS_PATH)})`),
  'volume-app.js': volumeScript('varve/volume', IS_AT(VOLUME_PATH)),
  'ports-app.js': portsScript('varve', 'varve/ports', IS_AT(PORTS_PATH)),
  'main.js': "import './log-app.js';\nimport './volume-app.js';\nimport './ports-app.js';\n",
};

export const appPage = (source: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>blank</title></head>
<body><script type="module" src="${source}"></script></body></html>`;
