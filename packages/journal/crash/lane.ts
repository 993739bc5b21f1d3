/**
 * The image lane: runs workloads on a simulated disk, crashes at every device operation, and checks
 * legal images of each crash. Some images go on: their store is used further, crashes again (inside
 * its own recovery, too), and the images of that are checked against what both lives promised.
 */
import { type DiskImage, SimulatedDisk, SeededRandom, seedOf } from '@varve/files/simulated';
import { isVarveError } from '@varve/protocol';
import { openStore, SUPERBLOCK_PLACES } from '../src/index.ts';
import { decodeSuperblock } from '../src/superblock.ts';
import { caseOf, type LaneCase } from './cases.ts';
import { History } from './history.ts';
import { OPERATIONS } from './operations.ts';
import { checkImage, checkWhole } from './oracle.ts';
import { type Promises, promisesOf } from './promises.ts';
import { describe, Run } from './run.ts';
import { demand, Violation } from './violation.ts';

export interface LaneResult {
  images: number;
  cases: number;
  /** `profile row` → images. */
  readonly rows: Map<string, number>;
  readonly profiles: Map<string, number>;
  readonly violations: string[];
}

export interface LaneLimits {
  /** Operations of the first life in which it crashes, of a hundred. */
  readonly crashPercent: number;
  /** Images of one crash of the first life. */
  readonly perCrash: number;
  /** One image in so many also loses a superblock, if it has two. */
  readonly rotEvery: number;
  /** One image in so many lives on and crashes again. */
  readonly secondLifeEvery: number;
  readonly perSecondLife: number;
  /** One image in so many is first opened with a read that fails. */
  readonly readFaultEvery: number;
  readonly images: number;
  /** A case ends early with so many. */
  readonly violations: number;
}

export const LIMITS: LaneLimits = {
  crashPercent: 34,
  perCrash: 5,
  rotEvery: 9,
  secondLifeEvery: 10,
  perSecondLife: 16,
  readFaultEvery: 32,
  images: Infinity,
  violations: 40,
};

const SUBSETS = { exhaustiveUpTo: 7, random: 24, pairs: 24 };
/** Longer than write-back takes, by assumption (docs/SAFETY.md). */
const NAMES_SETTLE_MS = 61_000;
const SECOND_LIFE = [
  'small',
  'readers',
  'fill',
  'sectors',
  'reopen',
  'segments',
  'relaxed',
  'checkpoint',
  'stream',
  'idle',
  'burst',
  'trim',
] as const;

export const newResult = (): LaneResult => ({
  images: 0,
  cases: 0,
  rows: new Map(),
  profiles: new Map(),
  violations: [],
});

/** Runs one case and checks its images. */
export async function runCase(
  lane: LaneCase,
  limits: LaneLimits,
  result: LaneResult,
): Promise<void> {
  await new CaseRun(lane, limits, result).start();
}

/** Case after case, until a limit is reached or `stop` says so. */
export async function runLane(
  seed: number,
  from: number,
  step: number,
  profiles: readonly LaneCase['profile'][],
  limits: LaneLimits,
  stop: (result: LaneResult) => boolean,
): Promise<LaneResult> {
  const result = newResult();
  for (let number = from; result.images < limits.images && !stop(result); number += step) {
    const profile = profiles[number % profiles.length]!;
    await runCase(caseOf(seed, Math.floor(number / profiles.length), profile), limits, result);
  }
  return result;
}

class CaseRun {
  private readonly lane: LaneCase;
  private readonly limits: LaneLimits;
  private readonly result: LaneResult;
  private readonly random: SeededRandom;
  private readonly promises: Promises;
  private readonly label: string;
  private ordinal = 0;

  constructor(lane: LaneCase, limits: LaneLimits, result: LaneResult) {
    this.lane = lane;
    this.limits = limits;
    this.result = result;
    this.random = new SeededRandom(seedOf(lane.seed, 'lane'));
    this.promises = promisesOf(lane.profile, lane.options.alignmentBytes ?? 16);
    const fault =
      lane.fault === undefined
        ? ''
        : ` fault ${JSON.stringify(lane.fault)} from ${lane.faultBeginsAt} to ${lane.faultEndsAt}`;
    this.label = `case ${lane.number} ${lane.profile} ${lane.workload.join('+')}${fault}`;
  }

  async start(): Promise<void> {
    this.result.cases++;
    const { lane } = this;
    const disk = new SimulatedDisk({ seed: lane.seed, profile: lane.profile });
    const history = new History();
    try {
      await this.perform(disk, history);
    } catch (error) {
      this.fail(error, 'while running');
      return;
    }
    const chosen = new Map<number, boolean>();
    for (const image of this.sample(
      disk,
      lane.formatToo ? 0 : history.openedAtOp,
      this.limits.perCrash,
    )) {
      if (!chosen.has(image.op))
        chosen.set(image.op, this.random.below(100) < this.limits.crashPercent);
      if (chosen.get(image.op) === false) continue;
      if (
        this.result.images >= this.limits.images ||
        this.result.violations.length >= this.limits.violations
      )
        return;
      await this.look(image, history);
    }
  }

  private async perform(disk: SimulatedDisk, history: History): Promise<void> {
    const { lane } = this;
    const host = disk.host();
    history.keepsAll = lane.options.keep !== 'checkpoint';
    if (lane.profile === 'lying-flush') history.liedAtOp = -1;
    const store = await openStore(host, 's', lane.options);
    if (lane.namesSettled) await disk.advanceAsync(NAMES_SETTLE_MS);
    if (lane.namesSettled) history.namesSettledAtOp = disk.opCount;
    history.openedAtOp = disk.opCount;
    const run = new Run(disk, host, history, lane.options, store);
    if (lane.spareBytes !== Infinity)
      disk.limitBytes = disk.peek('s/journal').length + lane.spareBytes;
    for (const [index, name] of lane.workload.entries()) {
      if (index === lane.faultBeginsAt && lane.fault !== undefined)
        run.fault = disk.inject(lane.fault);
      if (index === lane.faultEndsAt) run.fault?.cancel();
      const opsBefore = disk.opCount;
      await OPERATIONS[name]!(run);
      await run.settle();
      const lies = lane.profile === 'fsync-fail-late' && (run.fault?.strikes ?? 0) > 0;
      if (lies) history.liedAtOp = Math.min(history.liedAtOp, opsBefore);
    }
    // What the last operation left to do (a commit that nobody waits for) may fail, too.
    await disk.advanceAsync(0);
    await run.settle();
    if (this.promises.whole && history.liedAtOp === Infinity) this.checkLive(run);
    run.store.abandon();
  }

  /** The running store, too, must show what was promised. */
  private checkLive(run: Run): void {
    run.fault?.cancel();
    checkWhole(
      run.store,
      { history: run.history, op: Infinity, promises: this.promises, namesMayBeLost: false },
      Infinity,
    );
  }

  /** Images of every crash after operation `from`: of each the emptiest, the fullest, and others by chance. */
  private *sample(disk: SimulatedDisk, from: number, perCrash: number): Generator<DiskImage> {
    for (const image of disk.images({
      crashAt: 'every-op',
      subsets: { ...SUBSETS, atMost: perCrash },
    })) {
      if (image.op > from) yield image;
    }
  }

  private async look(image: DiskImage, history: History): Promise<void> {
    const { lane, limits, result } = this;
    this.ordinal++;
    this.another();
    const livesOn = limits.secondLifeEvery > 0 && this.ordinal % limits.secondLifeEvery === 0;
    const booted = image.disk({ profile: lane.profile, record: livesOn });
    booted.limitBytes = Infinity;
    // Names that are young now; on a booted machine only those that it makes itself are.
    const namesMayBeLost = image.op <= history.namesSettledAtOp;
    const namesAreNew = image.op <= history.openedAtOp;
    const past = history.fork(image.op);
    try {
      if (this.ordinal % limits.readFaultEvery === 0) await this.openWithReadFault(booted);
      if (this.ordinal % limits.rotEvery === 0) this.destroySuperblock(booted);
      const expectation = { history, op: image.op, promises: this.promises, namesMayBeLost };
      const { rows, store } = await checkImage(booted.host(), lane.options, expectation);
      this.count(rows);
      if (!livesOn || store === undefined || !this.promises.whole || history.liedAtOp < image.op)
        return;
      const run = new Run(booted, store.host, past, lane.options, store);
      await this.liveOn(run);
    } catch (error) {
      this.fail(error, `image ${image.id}`);
      return;
    }
    for (const second of this.sample(booted, 0, 2)) {
      if (this.random.below(limits.perSecondLife * 4) >= limits.perSecondLife) continue;
      if (result.images >= limits.images || result.violations.length >= limits.violations) return;
      this.another();
      try {
        const again = second.disk({ profile: lane.profile, record: false });
        const expectation = {
          history: past,
          op: second.op,
          promises: this.promises,
          namesMayBeLost: namesAreNew,
        };
        const { rows } = await checkImage(again.host(), lane.options, expectation);
        this.count(rows);
      } catch (error) {
        this.fail(error, `image ${image.id} then ${second.id}`);
      }
    }
  }

  /** A read that fails while opening is never taken for the end of the log: opening fails, and changes nothing. */
  private async openWithReadFault(disk: SimulatedDisk): Promise<void> {
    const effect =
      this.random.below(2) === 0
        ? ({ throws: 'io' } as const)
        : ({ short: ([0, 'half', 'len-1'] as const)[this.random.below(3)]! } as const);
    const fault = disk.inject({ on: 'read', skip: this.random.below(8), effect });
    try {
      const store = await openStore(disk.host(), 's', this.lane.options);
      demand(
        fault.strikes === 0,
        'I6',
        `opened although a read came back as ${JSON.stringify(effect)}`,
      );
      store.abandon();
    } catch (error) {
      if (error instanceof Violation) throw error;
      const refused =
        isVarveError(error, 'IO_ERROR') ||
        isVarveError(error, 'STORE_LOST') ||
        (!this.promises.whole && isVarveError(error));
      demand(refused, 'I6', `a failing read gave ${describe(error)}`);
    } finally {
      fault.cancel();
    }
  }

  /** Either superblock may rot: what was acknowledged stands in both. */
  private destroySuperblock(disk: SimulatedDisk): void {
    const bytes = peekOrNone(disk);
    if (bytes === undefined) return;
    const valid = ([0, 1] as const).map((place) => {
      const at = SUPERBLOCK_PLACES[place];
      return bytes.length >= at + 512
        ? decodeSuperblock(bytes.subarray(at, at + 512), place)
        : undefined;
    });
    if (valid[0] === undefined || valid[1] === undefined) return;
    const place = valid[0].sequence > valid[1].sequence ? 0 : 1;
    disk.poke(
      's/journal',
      new Uint8Array(64),
      SUPERBLOCK_PLACES[this.random.below(4) > 0 ? place : 1 - place]!,
    );
  }

  private async liveOn(run: Run): Promise<void> {
    const { lastLsn } = run.store.status();
    run.serial = 1_000 + this.ordinal * 16;
    run.history.openedAtOp = run.op;
    run.history.reopened(lastLsn, run.op, false);
    const found = run.store.readState();
    for (const checkpoint of run.history.checkpoints) {
      if (
        found !== undefined &&
        checkpoint.coveredLsn === found.coveredLsn &&
        checkpoint.ackedAtOp > run.op
      ) {
        checkpoint.ackedAtOp = run.op;
      }
    }
    for (let count = 2 + this.random.below(3); count > 0; count--) {
      const name = SECOND_LIFE[this.random.below(SECOND_LIFE.length)]!;
      await OPERATIONS[name]!(run);
      await run.settle();
    }
    this.checkLive(run);
    run.store.abandon();
  }

  private another(): void {
    const { result, lane } = this;
    result.images++;
    result.profiles.set(lane.profile, (result.profiles.get(lane.profile) ?? 0) + 1);
  }

  private count(rows: readonly string[]): void {
    for (const row of rows) {
      const key = `${this.lane.profile} ${row}`;
      this.result.rows.set(key, (this.result.rows.get(key) ?? 0) + 1);
    }
  }

  private fail(error: unknown, where: string): void {
    const reason = error instanceof Violation ? error.message : `unexpected: ${describe(error)}`;
    this.result.violations.push(`${reason} — ${this.label} ${where}`);
  }
}

function peekOrNone(disk: SimulatedDisk): Uint8Array | undefined {
  try {
    return disk.peek('s/journal');
  } catch {
    return undefined;
  }
}
