/**
 * The app that every context runs: a storm of appends, and what is there after it.
 *
 * Always true: `crashkit.issued` is told before an append, `crashkit.acknowledged` once it resolved,
 * and both have left the process when they return.
 */

/** What the app puts on its window. */
export interface App {
  /** Opens the log, and appends until somebody kills it. */
  start(round: number): Promise<string>;
  readAll(): Promise<unknown[]>;
}

declare global {
  interface Window {
    app: App;
  }
}

/**
 * @param varve how the page names the package
 * @param options of `openLog`, as they stand between the braces
 */
export const appScript = (varve = 'varve', options = ''): string => `
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
};

// On a server that renders the page ahead this module is loaded, too.
if (typeof document !== 'undefined') {
  window.app = app;
  document.body.dataset.ready = 'yes';
}
`;

export const appPage = (source: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>blank</title></head>
<body><script type="module" src="${source}"></script></body></html>`;
