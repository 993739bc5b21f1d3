/** What one page does as one of several tabs, of a log for each way; asked from Node, timed here. */
import { openLog, type Log } from 'varve';
import { ports } from 'varve/ports';
import { deleteStore } from 'varve/stores';
import { asBytes } from '../subjects/log-session.ts';

/** How what is asked goes from tab to tab. */
export type Way = 'port' | 'channel';

export interface Seat {
  readonly name: string;
  readonly way: Way;
  /** 0 leads. */
  readonly number: number;
}

export interface Block {
  /** When it begins in every tab, `Date.now()`. */
  readonly startAtMs: number;
  readonly lastsMs: number;
  /** Records of 100 B in one call. */
  readonly batch: number;
  /** So many calls are under way at any time. */
  readonly calls: number;
}

export interface BenchTab {
  /** What it has become: `leader`, or the way to the leader. */
  open(seat: Seat): Promise<string | undefined>;
  /** The bare way to the leader's worker; both ends at once. */
  openEcho(seat: Seat): Promise<void>;
  /** Records that were acknowledged within the block. */
  appendFor(way: Way, block: Block): Promise<number>;
  /** Microseconds of single durable appends of 100 B. */
  appendTimes(way: Way, count: number): Promise<number[]>;
  /** Microseconds of the bare way to the leader's worker and back. */
  echoTimes(way: Way, count: number): Promise<number[]>;
  close(isLast: boolean): Promise<void>;
}

const RECORD = new Uint8Array(100).fill(7);
const logs = new Map<Way, Log<Uint8Array>>();
const echoes = new Map<Way, Worker>();

async function times(count: number, task: () => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let call = 0; call < count; call++) {
    const startMs = performance.now();
    await task();
    all.push((performance.now() - startMs) * 1000);
  }
  return all;
}

function answered(echo: Worker, message: unknown, transfer: Transferable[] = []): Promise<void> {
  return new Promise((resolve, reject) => {
    echo.onmessage = () => resolve();
    echo.onerror = ({ message: why }) => reject(new Error(why));
    echo.postMessage(message, transfer);
  });
}

export const tab: BenchTab = {
  async open({ name, way, number }) {
    const transport = way === 'port' ? ports() : undefined;
    const log = await openLog<Uint8Array>(name, { codec: asBytes, transport });
    logs.set(way, log);
    const endMs = performance.now() + 10_000;
    for (;;) {
      const { role, link } = await log.refreshStatus();
      if (number === 0) return role;
      // A link becomes a port when it is there; until then all goes by channel.
      if (link === way || performance.now() > endMs) return link;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },

  async openEcho({ name, way, number }) {
    const echo = new Worker(new URL('./echo-worker.ts', import.meta.url), { type: 'module' });
    echoes.set(way, echo);
    const asked = { leads: number === 0, channel: `echo-${name}` };
    if (way === 'channel') return answered(echo, asked);
    const introducer = new SharedWorker(new URL('./ports-worker.ts', import.meta.url), {
      type: 'module',
    });
    const { port1, port2 } = new MessageChannel();
    introducer.port.postMessage(undefined, [port1]);
    return answered(echo, { ...asked, introducer: port2 }, [port2]);
  },

  async appendFor(way, { startAtMs, lastsMs, batch, calls }) {
    const log = logs.get(way)!;
    const values = Array.from({ length: batch }, () => RECORD);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, startAtMs - Date.now())));
    const endMs = performance.now() + lastsMs;
    let count = 0;
    const lane = async (): Promise<void> => {
      for (;;) {
        if (batch === 1) await log.append(RECORD);
        else await log.appendBatch(values);
        if (performance.now() > endMs) return;
        count += batch;
      }
    };
    await Promise.all(Array.from({ length: calls }, lane));
    return count;
  },

  appendTimes: (way, count) => times(count, () => logs.get(way)!.append(RECORD)),
  echoTimes: (way, count) => times(count, () => answered(echoes.get(way)!, 1)),

  async close(isLast) {
    for (const echo of echoes.values()) echo.terminate();
    for (const log of logs.values()) {
      await log.close();
      if (isLast) await deleteStore(log.name);
    }
  },
};
