/**
 * Runs one plan of a volume's tabs: opens them, lets happen what is to happen, lets everybody recover,
 * and judges.
 *
 * Always true:
 * - equal plans give equal runs
 * - in the end each tab that lives must be served, and the volume be sound
 */
import type { Host } from '@varve/files';
import { SimulatedDisk } from '@varve/files/simulated';
import type { VarveError } from '@varve/protocol';
import { openVolume, type Volume, type VolumeOptions } from '@varve/volume';
import { lockName } from '../../src/leadership.ts';
import { receiveVolumeHello } from '../../src/volume-connection.ts';
import {
  GIVE_BACK_MS,
  Machine,
  NAMES_AGE_MS,
  type Outcome,
  STORE,
  type Trace,
} from '../machine.ts';
import { isLifeAct } from '../world.ts';
import { VolumeHistory } from './history.ts';
import { judgeVolume } from './oracle.ts';
import { VolumePage } from './page.ts';
import type { Act, VolumePlan } from './plan.ts';
import { CHUNK_BYTES, VOLUME_BYTES, areasOf, seenIn } from './registers.ts';

const LAST_WRITE_MS = 8_000;
/** Of what a listing names so many are read. */
const READS_MAX = 2;
/** Who looks when all is over. */
const READER = 0;

/** @param trace told what happens, line by line */
export async function simulateVolume(plan: VolumePlan, trace?: Trace): Promise<Outcome> {
  const disk = (await freshDisk(plan)).fork({ seed: plan.seed });
  return new VolumeRun(plan, disk, trace).run();
}

class VolumeRun {
  readonly #plan: VolumePlan;
  readonly #history = new VolumeHistory();
  readonly #machine: Machine<VolumePage>;

  constructor(plan: VolumePlan, disk: SimulatedDisk, trace?: Trace) {
    const history = this.#history;
    const request = { ...optionsOf(plan), leaderTimeoutMs: plan.leaderTimeoutMs };
    this.#plan = plan;
    this.#machine = new Machine({
      world: plan,
      disk,
      history,
      trace,
      page: (place, client) => new VolumePage(place, client, history),
      receive: (services, hello) => {
        const open = async (host: Host, name: string, options: VolumeOptions): Promise<Volume> =>
          watched(await openVolume(host, name, options), history);
        receiveVolumeHello({ ...services, openVolume: open }, hello);
      },
      opens: (page) => page.open(STORE, request),
    });
  }

  async run(): Promise<Outcome> {
    const machine = this.#machine;
    for (const { atMs, tab, act } of this.#plan.steps) {
      await machine.passTo(atMs);
      if (isLifeAct(act)) machine.live(tab, act);
      else this.#ask(tab, act);
    }
    await machine.recover();
    await this.#writeLast();
    await this.#lookLast();
    const violations = judgeVolume(this.#history);
    const { changes, looks } = this.#history;
    return {
      violations,
      history: this.#history,
      acknowledged: changes.filter(({ isDone }) => isDone).length,
      records: 0,
      looks: looks.length,
      virtualMs: machine.elapsedMs,
    };
  }

  #ask(index: number, act: Act): void {
    const machine = this.#machine;
    machine.tab(index).do((page) =>
      page.whenOpen(() => {
        const clients = machine.clients;
        switch (act.kind) {
          case 'write':
            for (let call = 0; call < act.calls; call++) page.write(act.isWide, act.isToSnapshot);
            return undefined;
          case 'read':
            return void page.read(clients);
          case 'list':
            return void page.list(clients, READS_MAX);
          default:
            return void page[act.kind]();
        }
      }),
    );
  }

  /** Everybody must be served now, and sees what everybody has. */
  async #writeLast(): Promise<void> {
    const machine = this.#machine;
    const { violations, changes } = this.#history;
    machine.served();
    await machine.settled(machine.recoveredMs + LAST_WRITE_MS);
    const before = changes.length;
    const { clients } = machine;
    for (const tab of machine.tabs)
      tab?.do((page) =>
        page.whenOpen(() => {
          page.write(false, false);
          void page.status();
          void page.read(clients);
          void page.list(clients, READS_MAX);
        }),
      );
    const last = (): typeof changes => changes.slice(before);
    const isServed = (): boolean =>
      last().length === machine.tabs.length && last().every(({ isDone }) => isDone);
    await machine.settled(machine.recoveredMs + 2 * LAST_WRITE_MS, isServed);
    machine.demandOneLeader(lockName(STORE));
    for (const { isDone, client, error } of last()) {
      if (!isDone)
        violations.push(
          `progress: client ${client} is not served in the end (${error?.code ?? 'no answer'})`,
        );
    }
    const unserved = machine.tabs.length - last().length;
    if (unserved > 0)
      violations.push(`progress: ${unserved} tabs cannot open the volume in the end`);
  }

  /** What is there when nobody has it, in the origin and in every snapshot. */
  async #lookLast(): Promise<void> {
    const machine = this.#machine;
    const { host } = await machine.leaveAlone();
    let isOver = false;
    let failure: unknown;
    const looking = async (): Promise<void> => {
      const volume = await openVolume(host, STORE, optionsOf(this.#plan));
      const asked = { client: READER, afterChange: 0, issuedMs: host.clock.nowMs() };
      const names = volume.snapshots().map(({ name }) => name);
      this.#history.listings.push({ ...asked, names, endedMs: host.clock.nowMs() });
      for (const view of [undefined, ...names]) {
        for (const area of areasOf(machine.clients)) {
          const bytes = new Uint8Array(area.length);
          await volume.readInto(bytes, { at: area.at, ...(view !== undefined && { view }) });
          const seen = seenIn(bytes, area, machine.clients);
          this.#history.looks.push({ ...asked, view, seen, endedMs: host.clock.nowMs() });
        }
      }
      const { ok, findings } = await volume.check();
      if (!ok)
        this.#history.violations.push(`V6: the last check found ${JSON.stringify(findings)}`);
      await volume.close();
    };
    looking().then(
      () => (isOver = true),
      (error: VarveError) => (failure = error),
    );
    await machine.pass(GIVE_BACK_MS);
    if (!isOver)
      this.#history.violations.push(
        `V1: the volume cannot be read in the end (${String(failure)})`,
      );
  }
}

/** Tells the history of each acknowledgement that this volume gives. */
function watched(volume: Volume, history: VolumeHistory): Volume {
  const led = { status: () => volume.status().store };
  history.opened(led);
  for (const method of ['write', 'atomic', 'trim', 'snapshot'] as const) {
    const change = volume[method].bind(volume) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(volume, {
      [method]: async (...args: unknown[]) => {
        const answer = await change(...args);
        history.stored(led);
        return answer;
      },
    });
  }
  return volume;
}

function optionsOf(plan: VolumePlan): VolumeOptions {
  const { segmentSizeBytes, checkpointEveryBytes, directBytes } = plan;
  const { cacheBytes, stepExceptions, dedup } = plan;
  return {
    sizeBytes: VOLUME_BYTES,
    chunkSizeBytes: CHUNK_BYTES,
    segmentSizeBytes,
    checkpointEveryBytes,
    directBytes,
    cacheBytes,
    stepExceptions,
    dedup,
  };
}

const freshDisks = new Map<string, Promise<SimulatedDisk>>();

/** A machine on which the volume was made a while ago: whether it survives its birth is not our question. */
function freshDisk(plan: VolumePlan): Promise<SimulatedDisk> {
  const { profile, segmentSizeBytes } = plan;
  const key = [profile, segmentSizeBytes].join();
  let disk = freshDisks.get(key);
  if (disk === undefined) {
    disk = (async () => {
      const machine = new SimulatedDisk({ profile, record: false });
      const volume = await openVolume(machine.host(), STORE, optionsOf(plan));
      await volume.close();
      machine.advance(NAMES_AGE_MS);
      return machine;
    })();
    freshDisks.set(key, disk);
  }
  return disk;
}
