/**
 * The image lane: runs workloads on a simulated disk, crashes at every device operation, and checks
 * every legal image of each crash; on some, what a crash inside their recovery leaves.
 */
import { type DiskImage, type Profile, SimulatedDisk, SeededRandom } from '@varve/files/simulated';
import type { StoreOptions } from '../src/index.ts';
import { openStore } from '../src/index.ts';
import { History } from './history.ts';
import { OPERATIONS, type Run } from './operations.ts';
import { checkImage, Violation } from './oracle.ts';

export interface LaneOptions {
  readonly profile: Profile;
  readonly seed: number;
  readonly options: Partial<StoreOptions>;
  /** Also crash while the store is being made. */
  readonly formatToo: boolean;
  /** The names have been there for more than a minute: no power cut takes them back. */
  readonly namesSettled: boolean;
  /** Every n-th image is also crashed inside its own recovery; 0 = none. */
  readonly recurseEvery: number;
  readonly subsets: { readonly exhaustiveUpTo: number; readonly random: number; readonly pairs: number };
}

export interface LaneResult {
  images: number;
  readonly rows: Map<string, number>;
  readonly violations: string[];
}

export const LANE_STORE: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 6_000 };

/** Longer than write-back takes, by assumption (docs/SAFETY.md). */
const NAMES_SETTLE_MS = 61_000;

export const newResult = (): LaneResult => ({ images: 0, rows: new Map(), violations: [] });

/** Runs one workload and checks its images; stops at `limit` images. */
export async function runWorkload(
  workload: readonly string[],
  lane: LaneOptions,
  result: LaneResult,
  limit = Infinity,
): Promise<void> {
  const disk = new SimulatedDisk({ seed: lane.seed, profile: lane.profile });
  const history = new History();
  const run = await perform(disk, history, workload, lane);
  run.store.abandon();
  let ordinal = 0;
  for (const image of imagesOf(disk, lane.formatToo ? 0 : history.openedAtOp, lane)) {
    if (result.images >= limit) return;
    const recurse = lane.recurseEvery > 0 && ordinal++ % lane.recurseEvery === 0;
    const label = `${workload.join('+')} seed ${lane.seed} ${lane.profile} image ${image.id}`;
    const booted = image.disk({ profile: lane.profile, record: recurse });
    await checkOne(booted, lane, history, image.op, label, result);
    if (!recurse) continue;
    for (const second of booted.images({ crashAt: 'every-op', subsets: { exhaustiveUpTo: 4, random: 4, pairs: 4 } })) {
      const again = second.disk({ profile: lane.profile, record: false });
      await checkOne(again, lane, history, image.op, `${label} then ${second.id}`, result);
    }
  }
}

/** The images of every crash after operation `from`. */
function* imagesOf(disk: SimulatedDisk, from: number, lane: LaneOptions): Generator<DiskImage> {
  for (let op = from + 1; op <= disk.opCount; op++) {
    yield* disk.images({ crashAt: op, subsets: lane.subsets });
  }
  yield* disk.images({ crashAt: 'now', subsets: lane.subsets });
}

/** Runs a workload to its end, or to the crash that the disk was told. */
export async function perform(
  disk: SimulatedDisk,
  history: History,
  workload: readonly string[],
  { options, namesSettled }: Pick<LaneOptions, 'options' | 'namesSettled'>,
): Promise<Run> {
  const host = disk.host();
  const store = await openStore(host, 's', options);
  if (namesSettled) await disk.advanceAsync(NAMES_SETTLE_MS);
  history.openedAtOp = disk.opCount;
  const run: Run = {
    host,
    history,
    options,
    store,
    serial: 0,
    opCount: () => disk.opCount,
    advance: (ms) => disk.advanceAsync(ms),
  };
  for (const name of workload) await OPERATIONS[name]!(run);
  return run;
}

async function checkOne(
  disk: SimulatedDisk,
  lane: LaneOptions,
  history: History,
  op: number,
  label: string,
  result: LaneResult,
): Promise<void> {
  result.images++;
  try {
    const expectation = { history, op, namesMayBeLost: !lane.namesSettled };
    const rows = await checkImage(disk.host(), lane.options, expectation);
    for (const row of rows) result.rows.set(row, (result.rows.get(row) ?? 0) + 1);
  } catch (error) {
    const reason = error instanceof Violation ? error.message : String((error as Error).stack);
    result.violations.push(`${reason} — ${label}`);
  }
}

/** A random workload of `length` operations. */
export function randomWorkload(seed: number, length: number): string[] {
  const random = new SeededRandom(seed);
  const names = Object.keys(OPERATIONS);
  return Array.from({ length }, () => names[random.below(names.length)]!);
}
