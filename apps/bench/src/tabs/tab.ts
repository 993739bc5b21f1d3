/** What one page does as one of several tabs of a log; asked from Node, timed here. */
import { openLog, type Log } from 'varve';
import { deleteStore } from 'varve/stores';
import { asBytes } from '../subjects/log-session.ts';

export interface Block {
  /** When it begins in every tab, `Date.now()`. */
  readonly startAtMs: number;
  readonly lastsMs: number;
  /** Records of 100 B in one call, each call awaited. */
  readonly batch: number;
}

export interface BenchTab {
  open(name: string, leads: boolean): Promise<'leader' | 'follower'>;
  /** Records that were acknowledged within the block. */
  appendFor(block: Block): Promise<number>;
  /** Microseconds of single durable appends of 100 B. */
  appendTimes(count: number): Promise<number[]>;
  /** Microseconds of the bare way to the leader's worker and back. */
  echoTimes(count: number): Promise<number[]>;
  close(isLast: boolean): Promise<void>;
}

const RECORD = new Uint8Array(100).fill(7);
let log: Log<Uint8Array>;
let echo: Worker;
let name: string;

async function times(count: number, task: () => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let call = 0; call < count; call++) {
    const startMs = performance.now();
    await task();
    all.push((performance.now() - startMs) * 1000);
  }
  return all;
}

function answered(message: unknown): Promise<void> {
  return new Promise((resolve) => {
    echo.onmessage = () => resolve();
    echo.postMessage(message);
  });
}

export const tab: BenchTab = {
  async open(given, leads) {
    name = given;
    log = await openLog<Uint8Array>(name, { codec: asBytes });
    echo = new Worker(new URL('./echo-worker.ts', import.meta.url), { type: 'module' });
    await answered({ leads, channel: `echo-${name}` });
    return log.status().role;
  },

  async appendFor({ startAtMs, lastsMs, batch }) {
    const values = Array.from({ length: batch }, () => RECORD);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, startAtMs - Date.now())));
    const endMs = performance.now() + lastsMs;
    let count = 0;
    for (;;) {
      if (batch === 1) await log.append(RECORD);
      else await log.appendBatch(values);
      if (performance.now() > endMs) return count;
      count += batch;
    }
  },

  appendTimes: (count) => times(count, () => log.append(RECORD)),
  echoTimes: (count) => times(count, () => answered(1)),

  async close(isLast) {
    echo.terminate();
    await log.close();
    if (isLast) await deleteStore(name);
  },
};
