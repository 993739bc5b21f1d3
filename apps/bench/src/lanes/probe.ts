/** How long a flush takes here, and how fine the clock is. */
import { openSyncHandle, removeEntry } from '../platform/opfs.ts';

export interface FlushProbe {
  readonly writeAndFlushUs: number;
  readonly flushAloneUs: number;
  /** Smallest step of the clock seen. */
  readonly clockStepUs: number;
}

export async function probeFlush(): Promise<FlushProbe> {
  const name = 'bench-probe';
  const handle = await openSyncHandle(name);
  const bytes = new Uint8Array(4096).fill(1);
  const rounds = 50;
  let flushMs = 0;
  handle.write(new Uint8Array(rounds * bytes.length), { at: 0 });
  handle.flush();
  const start = performance.now();
  for (let at = 0; at < rounds; at++) {
    handle.write(bytes, { at: at * bytes.length });
    const before = performance.now();
    handle.flush();
    flushMs += performance.now() - before;
  }
  const elapsedMs = performance.now() - start;
  handle.close();
  await removeEntry(name);
  return {
    writeAndFlushUs: (elapsedMs * 1000) / rounds,
    flushAloneUs: (flushMs * 1000) / rounds,
    clockStepUs: clockStepUs(),
  };
}

function clockStepUs(): number {
  let smallest = Infinity;
  for (let round = 0; round < 20; round++) {
    const from = performance.now();
    let to = from;
    while (to === from) to = performance.now();
    smallest = Math.min(smallest, to - from);
  }
  return Math.round(smallest * 1000);
}
