/**
 * Golden stores: made by workloads, deterministically, each with what a reader must find in it, what
 * each of its bytes is for, and what each of its blocks held before.
 */
import { SimulatedDisk } from '@varve/files/simulated';
import { makeGolden } from '../../golden/make.ts';
import { openStore, type StoreOptions } from '../../src/index.ts';
import { PADDED_STORE, SMALL_STORE } from '../cases.ts';
import { History } from '../history.ts';
import { OPERATIONS } from '../operations.ts';
import { Run } from '../run.ts';
import { demand } from '../violation.ts';
import { BlockVersions, watchedHost } from './block-versions.ts';
import { ByteUses } from './byte-uses.ts';
import { readAll } from './opened.ts';

export interface Golden {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly options: Partial<StoreOptions>;
  readonly bytes: Uint8Array;
  /** Of the file the store is in. */
  readonly path: string;
  /** What the witness says was durable. */
  readonly witnessDurableLsn: number;
  readonly firstLsn: number;
  readonly lastLsn: number;
  /** LSN → payload, of all that the store ever held and did not withdraw. */
  readonly payloads: ReadonlyMap<number, Uint8Array>;
  readonly state: Uint8Array | undefined;
  /** Every state that was ever stored. */
  readonly states: readonly Uint8Array[];
  /** Rows of the recovery tables that the undamaged store hits. */
  readonly rows: readonly string[];
  readonly uses: ByteUses;
  readonly sectors: BlockVersions;
  readonly pages: BlockVersions;
}

interface Recipe {
  readonly name: string;
  readonly workload: readonly string[];
  readonly options?: Partial<StoreOptions>;
  /** Operations before a power cut that leaves withdrawn records behind, then the rest. */
  readonly cutAfter?: number;
}

const BUSY = ['small', 'batch', 'sectors', 'burst', 'small', 'idle', 'bigBatch', 'segments'];

const RECIPES: readonly Recipe[] = [
  {
    name: 'closed',
    workload: [...BUSY, 'stream', 'checkpoint', ...BUSY, 'reopen', ...BUSY, 'small', 'reopen'],
  },
  {
    name: 'killed',
    workload: [...BUSY, 'aborted', 'checkpoint', 'stream', ...BUSY, 'sectors', 'idle', 'small'],
  },
  {
    name: 'cut',
    workload: ['batch', 'relaxedBurst', 'relaxed', 'small', 'batch', ...BUSY, 'sectors', 'small'],
    cutAfter: 3,
  },
  {
    name: 'recycled',
    workload: [
      ...['segments', 'checkpoint', 'trim', 'segments', 'checkpoint', 'trimAll'],
      ...['bigBatch', 'small', 'fill', 'burst', 'segments', 'checkpoint', 'trim'],
      ...['bigBatch', 'small', 'fill', 'burst', 'small'],
    ],
  },
  {
    name: 'units',
    workload: [
      ...['stream', 'aborted', 'shortStream', 'small', 'bigBurst', 'stream', 'segments'],
      ...['shortStream', 'stream', 'small'],
    ],
  },
  {
    name: 'checkpointed',
    workload: [...BUSY, 'bigState', 'small', 'trim', ...BUSY, 'bigState', 'trim', 'burst', 'fill'],
  },
  {
    name: 'restarted',
    workload: [
      ...['small', 'abandon', 'batch', 'abandon', 'segments', 'abandon', 'stream', 'abandon'],
      ...['fill', 'abandon', 'relaxedBurst', 'abandon', 'bigBatch', 'abandon', 'small'],
    ],
  },
  {
    name: 'padded',
    options: { ...PADDED_STORE, maxStateBytes: 1_000 },
    workload: ['small', 'batch', 'checkpoint', 'burst', 'stream', 'abandon', 'small', 'fill'],
  },
];

export const STORE = 's';

/** Makes them all: the same seed, the same bytes. */
export async function goldenStores(seed = 5): Promise<Golden[]> {
  const stores: Golden[] = [];
  for (const recipe of RECIPES) stores.push(await make(recipe, seed));
  stores.push(await versionOne());
  return stores;
}

class Making {
  readonly sectors = new BlockVersions(512);
  readonly pages = new BlockVersions(4_096);
  disk: SimulatedDisk;

  constructor(seed: number) {
    this.disk = new SimulatedDisk({ seed, profile: 'power' });
  }

  async begin(history: History, options: Partial<StoreOptions>): Promise<Run> {
    const { disk } = this;
    const host = watchedHost(disk.host(), (from, to) => this.note(from, to));
    return new Run(disk, host, history, options, await openStore(host, STORE, options));
  }

  note(from = 0, to = Infinity): void {
    const bytes = this.disk.peek(FILE);
    for (const versions of [this.sectors, this.pages])
      versions.note(bytes, from, Math.min(to, bytes.length));
  }
}

const FILE = `${STORE}/journal`;

async function make(
  { name, workload, options = SMALL_STORE, cutAfter }: Recipe,
  seed: number,
): Promise<Golden> {
  const making = new Making(seed);
  let run = await making.begin(new History(), options);
  await making.disk.advanceAsync(61_000);
  for (const [index, operation] of workload.entries()) {
    if (index === cutAfter) {
      run.store.abandon();
      const op = making.disk.opCount + 1;
      // All but the first thing that was not flushed: what stands behind it is withdrawn, and stays there.
      const cut = [
        ...making.disk.images({ subsets: { exhaustiveUpTo: 0, random: 0, pairs: 0 } }),
      ].find(({ id }) => /:l\d+$/.test(id));
      demand(cut !== undefined, 'I6', 'nothing was unflushed where the golden store is to be cut');
      making.disk = cut.disk({ record: false });
      making.note();
      run = await making.begin(run.history.fork(op), options);
      run.history.reopened(run.store.status().lastLsn, making.disk.opCount, false);
      run.serial = 100;
    }
    await OPERATIONS[operation]!(run);
    await run.settle();
  }
  run.store.abandon();
  const payloads = new Map<number, Uint8Array>();
  for (let lsn = 1; lsn <= run.history.lastLsn; lsn++) {
    const payload = run.history.payload(lsn, Infinity);
    if (payload !== undefined) payloads.set(lsn, payload);
  }
  const states = run.history.checkpoints.map(({ state }) => state);
  return finish(name, making, options, { payloads, states });
}

/** The store that every build must be able to read (golden/v1), whose records are what it says. */
async function versionOne(): Promise<Golden> {
  const bytes = await makeGolden();
  const making = new Making(1);
  const folder = await making.disk.host().root.directory(STORE, { create: true });
  const file = await folder!.openFile('journal', { create: true });
  file.write(bytes, { at: 0 });
  file.flush();
  file.close();
  making.note();
  return finish('version-1', making, {}, undefined);
}

async function finish(
  name: string,
  { disk, sectors, pages }: Making,
  options: Partial<StoreOptions>,
  issued: Pick<Golden, 'payloads' | 'states'> | undefined,
): Promise<Golden> {
  const settled = disk.fork({ record: false });
  const bytes = settled.peek(FILE);
  const witness = await settled.host().witness.read(STORE);
  const store = await openStore(settled.fork({ record: false }).host(), STORE, {
    ...options,
    readOnly: true,
  });
  const { firstLsn, lastLsn, recovery } = store.status();
  const state = store.readState()?.state;
  const golden = {
    name,
    disk: settled,
    options,
    bytes,
    path: FILE,
    witnessDurableLsn: witness?.durableLsn ?? 0,
    firstLsn,
    lastLsn,
    payloads: issued?.payloads ?? readAll(store, firstLsn, lastLsn),
    state,
    states: issued?.states ?? (state === undefined ? [] : [state]),
    rows: recovery.rows.slice(1),
    uses: ByteUses.of(store, bytes),
    sectors,
    pages,
  };
  store.abandon();
  return golden;
}
