/**
 * Runs one plan of a log's tabs: opens them, lets happen what is to happen, lets everybody recover, and
 * judges.
 *
 * Always true:
 * - equal plans give equal runs
 * - in the end each tab that lives must be served
 */
import { SimulatedDisk } from '@varve/files/simulated';
import { openStore } from '@varve/journal';
import type { Store, StorePort } from '@varve/journal';
import { receiveHello } from '../../src/engine.ts';
import { lockName } from '../../src/leadership.ts';
import { recordsOf } from '../../src/records.ts';
import {
  GIVE_BACK_MS,
  Machine,
  NAMES_AGE_MS,
  type Outcome,
  STORE,
  type Trace,
} from '../machine.ts';
import { isLifeAct } from '../world.ts';
import { type AppendFact, History } from './history.ts';
import { judge } from './oracle.ts';
import { LogPage } from './page.ts';
import type { Act, Plan } from './plan.ts';
import { type SeenRecord, recordsIn } from './values.ts';

const LAST_APPEND_MS = 8_000;
/** Streams are clients of their own. */
const FIRST_STREAM = 1_000_000;
/** … and so is what is appended under a key. */
const FIRST_KEY = 2_000_000;
const PIECE_BYTES = 64 * 1024;
/** So that a simulation costs little, and limits are met. */
const SMALL = { maxStateBytes: 1024, scrub: false } as const;

/** @param trace told what happens, line by line */
export async function simulateLog(plan: Plan, trace?: Trace): Promise<Outcome> {
  const disk = (await freshDisk(plan)).fork({ seed: plan.seed });
  return new LogRun(plan, disk, trace).run();
}

class LogRun {
  readonly #plan: Plan;
  readonly #history = new History();
  readonly #machine: Machine<LogPage>;
  #lastStream = 0;

  constructor(plan: Plan, disk: SimulatedDisk, trace?: Trace) {
    const history = this.#history;
    const { durability, keep, segmentSizeBytes, alignmentBytes, leaderTimeoutMs } = plan;
    const request = { durability, keep, segmentSizeBytes, alignmentBytes, leaderTimeoutMs };
    this.#plan = plan;
    this.#machine = new Machine({
      world: plan,
      disk,
      history,
      trace,
      page: (place, client) => new LogPage(place, client, history),
      receive: (services, hello) => {
        const open = async (...args: Parameters<typeof openStore>): Promise<StorePort> => {
          const store = await openStore(...args);
          watched(store, history);
          return store;
        };
        receiveHello({ ...services, openStore: open }, hello);
      },
      opens: (page) => {
        page.open(STORE, { ...request, ...SMALL });
        page.whenOpen(() => void page.tail());
      },
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
    const following = await this.#appendLast();
    const log = await this.#finalLog();
    const { durability } = this.#plan;
    const violations = judge(this.#history, { durability, following, ...log });
    const { appends, reads, tails } = this.#history;
    return {
      violations,
      history: this.#history,
      acknowledged: appends.filter(({ lsn }) => lsn !== undefined).length,
      records: log.records.length,
      looks: reads.length + tails.length,
      virtualMs: machine.elapsedMs,
    };
  }

  #ask(index: number, act: Act): void {
    const tab = this.#machine.tab(index);
    switch (act.kind) {
      case 'append':
        return tab.do((page) =>
          page.whenOpen(() => {
            const { calls, isExpecting, ...wish } = act;
            for (let call = 0; call < calls; call++)
              page.append(isExpecting ? { ...wish, expect: page.lastLsn } : wish);
          }),
        );
      case 'keyed':
        return tab.do((page) =>
          page.whenOpen(() => page.keyed(FIRST_KEY + act.key, act.durability)),
        );
      case 'read':
      case 'checkpoint':
      case 'status':
        return tab.do((page) => page.whenOpen(() => void page[act.kind as 'read']()));
      case 'stream': {
        const client = FIRST_STREAM + ++this.#lastStream;
        return tab.do((page) =>
          page.whenOpen(() => void page.stream(client, act.bytes, act.pieces)),
        );
      }
    }
  }

  /** Everybody must be served now. Whose tail must have come to the end. */
  async #appendLast(): Promise<ReadonlySet<number>> {
    const machine = this.#machine;
    const { violations, appends } = this.#history;
    const following = machine.served();
    await machine.settled(machine.recoveredMs + LAST_APPEND_MS);
    const before = appends.length;
    for (const tab of machine.tabs)
      tab?.do((page) =>
        page.whenOpen(() => {
          page.append({ records: 1, bytes: 8, durability: 'strict' });
          void page.status();
        }),
      );
    const isServed = (): boolean => this.#isServed(appends.slice(before), following);
    await machine.settled(machine.recoveredMs + 2 * LAST_APPEND_MS, isServed);
    machine.demandOneLeader(lockName(STORE));
    for (const fact of appends.slice(before)) {
      if (fact.lsn === undefined)
        violations.push(
          `progress: client ${fact.client} is not served in the end (${fact.error?.code ?? 'no answer'})`,
        );
    }
    const unserved = machine.tabs.length - (appends.length - before);
    if (unserved > 0)
      violations.push(`progress: ${unserved} tabs cannot open the store in the end`);
    return following;
  }

  /** Everybody's append is in the log, and everybody's tail has seen them all. */
  #isServed(appends: readonly AppendFact[], following: ReadonlySet<number>): boolean {
    const lsns = appends.map(({ lsn }) => lsn ?? Infinity);
    const end = Math.max(...lsns);
    const tails = this.#history.tails.filter(({ client }) => following.has(client));
    return (
      appends.length === this.#machine.tabs.length &&
      tails.every(({ hasLagged, records }) => hasLagged || (records.at(-1)?.lsn ?? 0) >= end)
    );
  }

  async #finalLog(): Promise<{ firstLsn: number; records: readonly SeenRecord[] }> {
    const reader = await this.#machine.leaveAlone();
    let store: Store | undefined;
    let failure: unknown;
    openStore(reader.host, STORE, SMALL).then(
      (opened) => (store = opened),
      (error: unknown) => (failure = error),
    );
    await this.#machine.pass(GIVE_BACK_MS);
    const { violations } = this.#history;
    if (store === undefined) {
      violations.push(`E1: the store cannot be opened in the end (${String(failure)})`);
      return { firstLsn: 1, records: [] };
    }
    const { firstLsn } = store.status();
    const records: SeenRecord[] = [];
    try {
      await readAll(store, records);
    } catch (error) {
      const last = records.at(-1)?.lsn ?? 0;
      violations.push(`E1: the log cannot be read behind ${last} in the end (${String(error)})`);
    }
    return { firstLsn, records };
  }
}

/** Adds all of its records, in pieces. */
async function readAll(store: Store, records: SeenRecord[]): Promise<void> {
  const whole = async (lsn: number): Promise<Uint8Array> =>
    store.readUnit(lsn, 0, PIECE_BYTES).bytes;
  for (let after = store.status().firstLsn - 1; ;) {
    const chunk = store.readChunk({ after, visibility: 'written', maxBytes: PIECE_BYTES });
    records.push(...(await recordsIn(recordsOf(chunk), whole)));
    after = records.at(-1)?.lsn ?? after;
    if (chunk.done) return;
  }
}

/** Tells the history of each acknowledgement that this store gives. */
function watched(store: StorePort, history: History): void {
  history.opened(store);
  const append = store.append.bind(store);
  store.append = async (request) => {
    const appended = await append(request);
    history.stored(store);
    return appended;
  };
}

const freshDisks = new Map<string, Promise<SimulatedDisk>>();

/** A machine on which the store was made a while ago: whether it survives its birth is not our question. */
function freshDisk({
  profile,
  segmentSizeBytes,
  alignmentBytes,
  keep,
  durability,
}: Plan): Promise<SimulatedDisk> {
  const key = [profile, segmentSizeBytes, alignmentBytes].join();
  let disk = freshDisks.get(key);
  if (disk === undefined) {
    disk = (async () => {
      const machine = new SimulatedDisk({ profile, record: false });
      const options = { segmentSizeBytes, alignmentBytes, keep, durability, ...SMALL };
      const store = await openStore(machine.host(), STORE, options);
      await store.close();
      machine.advance(NAMES_AGE_MS);
      return machine;
    })();
    freshDisks.set(key, disk);
  }
  return disk;
}
