/** A page with Varve in it and nothing else: what a test wants to happen, it evaluates here. */
import { openLog, type Log } from 'varve';
import { bytesCodec } from 'varve/codec';
import { deleteStore, listStores } from 'varve/stores';
import { openVolume, type Volume, type VolumeView } from 'varve/volume';
import { settle } from './page.ts';
import { sampleAt } from './sample.ts';
import {
  BLOCK_BYTES,
  BLOCKS,
  VOLUME_OPTIONS,
  type VolumeModel,
  volumeStep,
} from './volume-plan.ts';

export interface Lab {
  readonly openLog: typeof openLog;
  readonly listStores: typeof listStores;
  readonly deleteStore: typeof deleteStore;
  readonly bytesCodec: typeof bytesCodec;
  readonly sampleAt: typeof sampleAt;
  /** Runs `work`; an error comes out as plain data. */
  readonly settle: typeof settle;
  /** What a test left open for its next step. */
  log: Log<unknown> | undefined;
  /** Events of `log`, as far as a test listens. */
  readonly heard: unknown[];
  readAll(log: Log<unknown>): Promise<[lsn: number, value: unknown][]>;
  readonly openVolume: typeof openVolume;
  /** Steps from `from` on, one after the other, each told before the next is begun. Never ends by itself. */
  stormVolume(name: string, from: number, done: (step: number) => Promise<void>): Promise<void>;
  /** What every view holds; a block that is not whole is −1. The volume's own findings besides. */
  surveyVolume(name: string): Promise<{ found: VolumeModel; findings: readonly unknown[] }>;
}

declare global {
  interface Window {
    lab: Lab;
  }
}

async function takeStep(volume: Volume, at: number): Promise<void> {
  const step = volumeStep(at);
  switch (step.kind) {
    case 'write':
      return volume.atomic((tx) => {
        for (const block of step.blocks) {
          tx.write(
            block * BLOCK_BYTES,
            new Uint8Array(new Uint32Array(BLOCK_BYTES / 4).fill(at).buffer),
          );
        }
      });
    case 'trim':
      return volume.trim(step.block * BLOCK_BYTES, BLOCK_BYTES);
    case 'snapshot':
      return void (await volume.snapshot(step.name));
    case 'restore':
      return volume.restore(step.name);
    case 'delete':
      return volume.deleteSnapshot(step.name);
  }
}

async function numbersIn(view: VolumeView): Promise<number[]> {
  const bytes = await view.read(0, BLOCKS * BLOCK_BYTES);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const each = BLOCK_BYTES / 4;
  return Array.from({ length: BLOCKS }, (_, block) => {
    const of = words.subarray(block * each, (block + 1) * each);
    return of.every((word) => word === of[0]) ? of[0]! : -1;
  });
}

window.lab = {
  openLog,
  listStores,
  deleteStore,
  bytesCodec,
  sampleAt,
  settle,
  log: undefined,
  heard: [],
  async readAll(log) {
    const all: [number, unknown][] = [];
    for await (const { lsn, value } of log.read()) all.push([lsn, value]);
    return all;
  },
  openVolume,
  async stormVolume(name, from, done) {
    const volume = await openVolume(name, VOLUME_OPTIONS);
    for (let at = from; ; at++) {
      await takeStep(volume, at);
      await done(at);
    }
  },
  async surveyVolume(name) {
    const volume = await openVolume(name, { busyTimeoutMs: 10_000 });
    const snapshots: Record<string, number[]> = {};
    for (const snapshot of await volume.snapshots())
      snapshots[snapshot.name] = await numbersIn(snapshot);
    const found = { origin: await numbersIn(volume), snapshots };
    const { findings } = await volume.check();
    await volume.close();
    return { found, findings };
  },
};
document.body.dataset['ready'] = 'yes';
