/** A page with Varve in it and nothing else: what a test wants to happen, it evaluates here. */
import { openLog, type Log } from 'varve';
import { bytesCodec } from 'varve/codec';
import { deleteStore, listStores } from 'varve/stores';
import { openVolume } from 'varve/volume';
import { settle } from './page.ts';
import { sampleAt } from './sample.ts';
import { laneRunner } from './volume-lane.ts';
import { numbersIn, takeStep } from './volume-steps.ts';
import { VOLUME_OPTIONS, type VolumeModel, volumeStep } from './volume-plan.ts';

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
  /** One of the tabs that share a volume. */
  readonly lane: ReturnType<typeof laneRunner>;
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
      await takeStep(volume, volumeStep(at), at);
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
  lane: laneRunner(),
};
document.body.dataset['ready'] = 'yes';
