/**
 * Damage to stores at rest: what each kind of damage to each place must lead to.
 *
 * Always true of an undamaged place: its record is served, byte-equal. Of a damaged one: it is
 * reported with its range, or lies in the last flushed window and is reported as `tailUncertain`.
 * Never: other bytes, a withdrawn record, a silent cut.
 */
import { type SimulatedDisk, SimulatedDisk as Disk } from '@varve/files/simulated';
import { isVarveError, newRecordFrame, readRecordFrame, RecordFlag } from '@varve/protocol';
import { openStore, type Store, type StoreOptions } from '../src/index.ts';
import { History } from './history.ts';
import { OPERATIONS } from './operations.ts';
import { equal } from './oracle.ts';
import { describe, Run } from './run.ts';
import { SMALL_STORE } from './cases.ts';
import { demand } from './violation.ts';

export interface Golden {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly options: Partial<StoreOptions>;
  /** LSN → payload, of what the undamaged store serves. */
  readonly records: ReadonlyMap<number, Uint8Array>;
  readonly lastLsn: number;
  /** What says, and where, that records up to an LSN had been flushed. */
  readonly proofs: readonly Proof[];
  readonly fileBytes: number;
}

interface Proof {
  readonly ranges: readonly (readonly [number, number])[];
  readonly durableLsn: number;
}

interface Recipe {
  readonly name: string;
  readonly workload: readonly string[];
  /** Operations before a power cut that leaves withdrawn records behind, then the rest. */
  readonly cutAfter?: number;
}

const RECIPES: readonly Recipe[] = [
  {
    name: 'closed',
    workload: [
      'small',
      'sectors',
      'bigBatch',
      'stream',
      'checkpoint',
      'batch',
      'segments',
      'small',
      'reopen',
      'small',
      'reopen',
    ],
  },
  {
    name: 'killed',
    workload: [
      'small',
      'batch',
      'bigBatch',
      'aborted',
      'checkpoint',
      'stream',
      'sectors',
      'idle',
      'small',
    ],
  },
  {
    name: 'cut',
    workload: [
      'batch',
      'relaxedBurst',
      'relaxed',
      'small',
      'batch',
      'sectors',
      'small',
      'small',
      'small',
    ],
    cutAfter: 3,
  },
  {
    name: 'recycled',
    workload: [
      'segments',
      'checkpoint',
      'trim',
      'segments',
      'checkpoint',
      'trimAll',
      'bigBatch',
      'small',
      'fill',
      'burst',
    ],
  },
];

const FILE = 's/journal';

export async function goldenStores(): Promise<Golden[]> {
  const stores: Golden[] = [];
  for (const recipe of RECIPES) stores.push(await make(recipe));
  return stores;
}

async function make({ name, workload, cutAfter }: Recipe): Promise<Golden> {
  let disk: SimulatedDisk = new Disk({ seed: 5, profile: 'power' });
  let run = await begin(disk, new History());
  await disk.advanceAsync(61_000);
  for (const [index, operation] of workload.entries()) {
    if (index === cutAfter) {
      run.store.abandon();
      const op = disk.opCount + 1;
      // All but the first thing that was not flushed: what stands behind it is withdrawn, and stays there.
      const cut = [...disk.images({ subsets: { exhaustiveUpTo: 0, random: 0, pairs: 0 } })].find(
        ({ id }) => /:l\d+$/.test(id),
      );
      disk = cut!.disk({ record: false });
      run = await begin(disk, run.history.fork(op));
      run.history.reopened(run.store.status().lastLsn, disk.opCount, false);
      run.serial = 100;
    }
    await OPERATIONS[operation]!(run);
    await run.settle();
  }
  const { firstLsn, lastLsn } = run.store.status();
  const proofs = proofsIn(run.store);
  run.store.abandon();
  const records = new Map<number, Uint8Array>();
  for (let lsn = firstLsn; lsn <= lastLsn; lsn++)
    records.set(lsn, run.history.payload(lsn, Infinity)!);
  const settled = disk.fork({ record: false });
  return {
    name,
    disk: settled,
    options: SMALL_STORE,
    records,
    lastLsn,
    proofs,
    fileBytes: settled.peek(FILE).length,
  };
}

/**
 * Batches and superblocks, which say what was durable when they were written. A batch also needs the
 * header of its segment: it holds the salt that the checksums are seeded with.
 */
function proofsIn(store: Store): Golden['proofs'] {
  const { superblocks, slots, segmentSizeBytes } = store.layout();
  const inSlots = slots.flatMap(({ slot }) =>
    store.batches(slot).map(({ offset, bytes, durableLsn }) => {
      const start = 131_072 + slot * segmentSizeBytes;
      const ranges = [
        [start, start + 112],
        [start + offset, start + offset + bytes],
      ] as const;
      return { ranges, durableLsn };
    }),
  );
  const inBlocks = superblocks.map(({ place, durableLsn }) => ({
    ranges: [[place * 65_536, place * 65_536 + 512]] as const,
    durableLsn,
  }));
  return [...inBlocks, ...inSlots];
}

async function begin(disk: SimulatedDisk, history: History): Promise<Run> {
  const host = disk.host();
  return new Run(disk, host, history, SMALL_STORE, await openStore(host, 's', SMALL_STORE));
}

export interface Wound {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export type Finding = 'harmless' | 'reported' | 'tail-uncertain';

/** Opens a copy with these wounds. @throws Violation */
export async function judge(
  golden: Golden,
  wounds: readonly Wound[],
  told?: (store: Store) => void,
): Promise<Finding> {
  const disk = golden.disk.fork({ record: false });
  for (const { at, bytes } of wounds) disk.poke(FILE, bytes, at);
  let store: Store;
  try {
    store = await openStore(disk.host(), 's', golden.options);
  } catch (error) {
    demand(isVarveError(error, 'CORRUPT'), 'I6', `opening a damaged store gave ${describe(error)}`);
    demand(wounds.length > 1, 'I6', `one wound, and nothing can be opened: ${describe(error)}`);
    return 'reported';
  }
  told?.(store);
  const { state, recovery } = store.status();
  const served = serve(store, golden);
  const missing = [...golden.records.keys()].filter((lsn) => !served.has(lsn));
  const { tailUncertain } = recovery;
  const reported = [...recovery.damage, ...store.damage];
  const intact = golden.proofs.filter(({ ranges }) =>
    ranges.every(([from, to]) =>
      wounds.every(({ at, bytes }) => at >= to || at + bytes.length <= from),
    ),
  );
  const provenLsn = Math.max(0, ...intact.map(({ durableLsn }) => durableLsn));
  for (const lsn of missing) {
    const named = reported.some(({ from, to }) => from <= lsn && lsn <= to);
    const uncertain = tailUncertain !== null && lsn >= tailUncertain.from && lsn > provenLsn;
    demand(
      named || uncertain,
      'I6',
      `record ${lsn} is gone and nobody says so: ${JSON.stringify({ state, recovery, provenLsn })}`,
    );
  }
  checkState(store);
  store.abandon();
  if (missing.length > 0) return reported.length > 0 ? 'reported' : 'tail-uncertain';
  const said = state !== 'open' || recovery.invalidSuperblocks.length > 0 || reported.length > 0;
  return said ? 'reported' : 'harmless';
}

/** Everything that the store gives out, which must be the golden store's. */
function serve(store: Store, golden: Golden): Set<number> {
  const served = new Set<number>();
  const frame = newRecordFrame();
  for (const piece of store.salvage()) {
    if (!('runs' in piece)) {
      store.damage.push(piece);
      continue;
    }
    for (const { firstLsn, count, start, end } of piece.runs) {
      let at = start;
      for (let lsn = firstLsn; lsn < firstLsn + count; lsn++) {
        at = readRecordFrame(piece.bytes, at, end, frame);
        demand(at > 0, 'I6', `record ${lsn} is served malformed`);
        const payload = payloadOf(store, lsn, piece.bytes, frame);
        if (payload === undefined) continue;
        const expected = golden.records.get(lsn);
        demand(
          expected !== undefined && equal(payload, expected),
          'I6',
          `record ${lsn} is served with other bytes`,
        );
        served.add(lsn);
      }
    }
  }
  return served;
}

function payloadOf(
  store: Store,
  lsn: number,
  bytes: Uint8Array,
  frame: { flags: number; payloadStart: number; payloadEnd: number },
): Uint8Array | undefined {
  if ((frame.flags & RecordFlag.External) === 0)
    return bytes.subarray(frame.payloadStart, frame.payloadEnd);
  try {
    return store.readUnit(lsn, 0, Number.MAX_SAFE_INTEGER).bytes;
  } catch (error) {
    demand(isVarveError(error, 'CORRUPT'), 'I6', `reading a damaged unit gave ${describe(error)}`);
    store.damage.push({ from: lsn, to: lsn, proof: 'read' });
    return undefined;
  }
}

function checkState(store: Store): void {
  try {
    store.readState();
  } catch (error) {
    demand(isVarveError(error, 'CORRUPT'), 'I6', `a damaged state gave ${describe(error)}`);
  }
}

/** Where a store of these options has bytes that mean something. */
export function meaningfulRanges(golden: Golden): { from: number; to: number }[] {
  return [
    { from: 0, to: 512 },
    { from: 65_536, to: 66_048 },
    { from: 131_072, to: golden.fileBytes },
  ];
}
