/**
 * Varve itself as a subject of the public kit: its journal, over its OPFS backend, on the device's
 * handles, judged by the public oracle. The image lane of `journal` goes much further; this shows that
 * the kit and the lane are of one mind.
 */
import type { Host } from '@varve/files';
import { createOpfsHost } from '@varve/files/opfs';
import { openStore, type Store } from '@varve/journal';
import {
  newRecordFrame,
  readRecordFrame,
  recordFrameBytes,
  writeRecordFrame,
} from '@varve/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { History } from '../oracle/index.ts';
import { createDevice, explore, type Device, type Profile } from './index.ts';

afterEach(() => void vi.unstubAllGlobals());

/** From here on this machine is the browser that the test runs in. */
function hostOn(device: Device): Host {
  vi.stubGlobal('navigator', { storage: { getDirectory: () => device.directory() } });
  return { ...device.host(), root: createOpfsHost({ rootName: 'varve', openWaitMs: 0 }).root };
}

const open = (device: Device): Promise<Store> =>
  openStore(hostOn(device), 's', { segmentSizeBytes: 4096 });

function framesOf(payloads: readonly Uint8Array[]): Uint8Array {
  const length = payloads.reduce((sum, payload) => sum + recordFrameBytes(0, payload.length), 0);
  const frames = new Uint8Array(length);
  let at = 0;
  for (const payload of payloads) at = writeRecordFrame(frames, at, 64, 0, payload);
  return frames;
}

function recordsOf(store: Store): Uint8Array[] {
  const records: Uint8Array[] = [];
  const frame = newRecordFrame();
  const { lastLsn } = store.status();
  while (records.length < lastLsn) {
    const options = { after: records.length, maxBytes: 65_536, visibility: 'written' } as const;
    const { bytes, runs } = store.readChunk(options);
    for (const run of runs) {
      for (let at = run.start; at < run.end;) {
        at = readRecordFrame(bytes, at, run.end, frame);
        records.push(bytes.slice(frame.payloadStart, frame.payloadEnd));
      }
    }
  }
  return records;
}

/** Groups of one to three records, over the end of a segment. */
async function workload(device: Device): Promise<{ history: History; madeAt: number }> {
  const history = new History({ now: () => device.opCount });
  const store = await open(device);
  device.advance(60_000);
  const madeAt = device.opCount;
  for (let number = 1; number <= 5; number++) {
    const group = Array.from({ length: 1 + (number % 3) }, (_, at) =>
      new Uint8Array(300 + 40 * number).fill(number * 8 + at),
    );
    await history.write(group, () => store.append({ frames: framesOf(group) }));
  }
  return { history, madeAt };
}

test.each(['tab-kill', 'power'] satisfies Profile[])(
  'after any crash, %s, a store holds what it acknowledged, and bears a crash while it recovers',
  async (profile) => {
    const device = createDevice({ profile });
    const { history, madeAt } = await workload(device);
    const report = await explore(
      device,
      async (image) => {
        history.check(recordsOf(await open(image.boot())), image);
      },
      {
        crashAt: (op) => op > madeAt,
        subsets: { atMost: 4 },
        crashRecovery: 1,
        recoverySubsets: { atMost: 2 },
      },
    );
    expect(report.assertClean().images).toBeGreaterThan(200);
  },
);

test('a store on a device whose flushes lie loses what it acknowledged, and the oracle says so', async () => {
  const device = createDevice({ profile: 'lying-flush' });
  const { history } = await workload(device);
  const report = await explore(
    device,
    async (image) => {
      history.check(recordsOf(await open(image.boot())), image);
    },
    { crashAt: 'now' },
  );
  expect(report.failures).toHaveLength(1);
});
