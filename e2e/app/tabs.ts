/** One of several tabs on one store. The test process drives it through `window.tabApp`. */
import { openLog, type Log, type LogStatus } from 'varve';
import { bytesCodec } from 'varve/codec';
import { ports } from 'varve/ports';
import { deleteStore } from 'varve/stores';
import { AckChannel } from './ack-channel.ts';
import { settle, type Settled } from './page.ts';
import { tabRow, type TabReport, type TabRow } from './tab-report.ts';
import { TabStorm, type TabStormOptions } from './tab-storm.ts';

export interface TabOpenOptions extends TabStormOptions {
  readonly store: string;
  readonly ackUrl: string;
  /** Links go by port. */
  readonly ports?: boolean;
}

export interface TabApp {
  open(options: TabOpenOptions): Promise<Settled<LogStatus>>;
  start(): void;
  /** A recovery begins here from now on; all records stay. */
  checkpoint(): Promise<void>;
  ballast(bytes: number): Promise<void>;
  stop(deadlineMs: number): Promise<number>;
  endTail(lsn: number, deadlineMs: number): Promise<number>;
  readAll(): Promise<readonly TabRow[]>;
  /** Asks the engine now. */
  status(): Promise<Settled<LogStatus>>;
  close(): Promise<void>;
  deleteStore(name: string): Promise<void>;
}

declare global {
  interface Window {
    tabApp: TabApp;
  }
}

let log: Log<Uint8Array> | undefined;
let storm: TabStorm | undefined;
const opened = (): Log<Uint8Array> => {
  if (log === undefined) throw new Error('nothing is open');
  return log;
};

window.tabApp = {
  open: ({ store, ackUrl, ports: hasPorts = false, ...options }) =>
    settle(async () => {
      const { broken } = options;
      // Varve's own worker, unless a test has orders for it.
      const worker = (): Worker =>
        new Worker(new URL('./varve-worker.ts', import.meta.url), {
          type: 'module',
          name: broken ?? '',
        });
      log = await openLog<Uint8Array>(store, {
        codec: bytesCodec,
        ...(broken !== undefined && { worker }),
        transport: hasPorts ? ports() : undefined,
      });
      storm = new TabStorm(log, new AckChannel<TabReport>(ackUrl), options);
      return log.status();
    }),
  start: () => storm?.start(),
  checkpoint: () => opened().checkpoint(new Uint8Array(), { upTo: opened().status().coveredLsn }),
  ballast: async (bytes) => storm?.ballast(bytes),
  stop: async (deadlineMs) => storm?.stop(deadlineMs) ?? 0,
  endTail: async (lsn, deadlineMs) => storm?.endTail(lsn, deadlineMs) ?? 0,
  async readAll() {
    const rows: TabRow[] = [];
    // What was relaxed is there, too.
    await opened().flush();
    for await (const { lsn, value } of opened().read()) rows.push(tabRow(lsn, value));
    return rows;
  },
  status: () => settle(() => opened().refreshStatus()),
  async close() {
    await log?.close();
    log = undefined;
  },
  deleteStore,
};
document.body.dataset['ready'] = 'yes';
