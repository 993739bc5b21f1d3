/** A page with Varve in it and nothing else: what a test wants to happen, it evaluates here. */
import { openLog, type Log } from 'varve';
import { bytesCodec } from 'varve/codec';
import { deleteStore, listStores } from 'varve/stores';
import { settle } from './page.ts';

export interface Lab {
  readonly openLog: typeof openLog;
  readonly listStores: typeof listStores;
  readonly deleteStore: typeof deleteStore;
  readonly bytesCodec: typeof bytesCodec;
  /** Runs `work`; an error comes out as plain data. */
  readonly settle: typeof settle;
  /** What a test left open for its next step. */
  log: Log<unknown> | undefined;
  /** Events of `log`, as far as a test listens. */
  readonly heard: unknown[];
  readAll(log: Log<unknown>): Promise<[lsn: number, value: unknown][]>;
}

declare global {
  interface Window {
    lab: Lab;
  }
}

window.lab = {
  openLog,
  listStores,
  deleteStore,
  bytesCodec,
  settle,
  log: undefined,
  heard: [],
  async readAll(log) {
    const all: [number, unknown][] = [];
    for await (const { lsn, value } of log.read()) all.push([lsn, value]);
    return all;
  },
};
document.body.dataset['ready'] = 'yes';
