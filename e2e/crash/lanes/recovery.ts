/**
 * How long opening takes after a kill, with so much journal behind `scanStart`.
 *
 * The engine moves `scanStart` every 16 MiB; a build that does not is measured, so that the bound
 * holds for four times what recovery ever has to read. Each opening is in a new tab, after a SIGKILL
 * of the last one's process, once that has let go of the file; what is timed is `openLog` as a page
 * awaits it: the worker's start, its code, the recovery, its flushes.
 */
import { loadavg } from 'node:os';
import { Crash, type Tab } from '@varve/crashkit/playwright';
import { rareScanStart } from '../../broken/rare-scan-start.ts';
import { Stage } from '../../harness/stage.ts';
import type { CrashOptions } from '../options.ts';

const HISTORY_MIB = 64;
const AT_MOST_MS = { chromium: 300, firefox: 1000 } as const;

interface Opening {
  readonly openMs: number;
  /** As the engine counts it, without the worker's start. */
  readonly recoveryMs: number;
  readonly scannedBytes: number;
  readonly clean: boolean;
}

async function opened(tab: Tab, historyMiB: number): Promise<Opening> {
  await tab.page.waitForSelector('body[data-ready]', { state: 'attached' });
  return tab.page.evaluate(async (mebibytes) => {
    const { lab } = window;
    const begun = performance.now();
    const log = await lab.openLog<Uint8Array>('recovery', { codec: lab.bytesCodec });
    const openMs = performance.now() - begun;
    const { durationMs, scannedBytes, clean } = log.status().recovery;
    const records = Array.from({ length: 64 }, (_, index) => new Uint8Array(1024).fill(index + 1));
    for (let written = 0; written < mebibytes * 16; written++) await log.appendBatch(records);
    // So that each opening finds a tail that no clean close vouches for.
    await log.append(records[0]!);
    lab.log = log;
    return { openMs, recoveryMs: durationMs, scannedBytes, clean };
  }, historyMiB);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Ends with 0 when the median of so many openings is within its bound. */
export async function runRecoveryLane(
  { browser }: CrashOptions,
  openings: number,
): Promise<number> {
  const plugins = (): ReturnType<typeof rareScanStart>[] => [rareScanStart()];
  const stage = await Stage.set({ browser, pages: ['lab'], plugins, killPoints: false });
  const crash = await Crash.start({ server: stage.server, launch: stage.launch });
  try {
    let tab = await crash.open('/lab.html');
    await opened(tab, HISTORY_MIB);
    const found: Opening[] = [];
    for (let done = 0; done < openings; done++) {
      await crash.kill(tab, 'renderer');
      tab = await crash.reopen('/lab.html');
      const opening = await opened(tab, 0);
      if (opening.clean || opening.scannedBytes < HISTORY_MIB * 2 ** 20) {
        throw new Error(`not what was to be measured: ${JSON.stringify(opening)}`);
      }
      found.push(opening);
    }
    const of = (value: (opening: Opening) => number): number[] => found.map(value);
    const openMs = median(of((opening) => opening.openMs));
    const holds = openMs <= AT_MOST_MS[browser];
    console.log(
      `${crash.browser.version}: openLog after a kill, ${HISTORY_MIB} MiB after scanStart: ` +
        `median ${openMs.toFixed(0)} ms of ${openings} ` +
        `(${of((opening) => Math.round(opening.openMs)).join(', ')}), ` +
        `recovery alone ${median(of((opening) => opening.recoveryMs)).toFixed(0)} ms, ` +
        `load ${loadavg()[0]!.toFixed(1)}; bar ${AT_MOST_MS[browser]} ms ${holds ? 'holds' : 'MISSED'}`,
    );
    return holds ? 0 : 1;
  } finally {
    await crash.close();
    await stage.strike();
  }
}
