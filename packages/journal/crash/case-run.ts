/**
 * One case: a workload runs once on a simulated disk that records; then legal images of its crashes
 * are opened and checked. Some images go on: their store is used, recovered or erased, crashes again
 * in that (inside its own recovery, too), and the images of that are checked against what both lives
 * promised; those may go on once more.
 *
 * Always true: what happens to an image depends on the case and its own id alone, so the id replays it.
 */
import { type DiskImage, SimulatedDisk, SeededRandom, seedOf } from '@varve/files/simulated';
import { isVarveError } from '@varve/protocol';
import { deleteStore, openStore, type Store, SUPERBLOCK_PLACES } from '../src/index.ts';
import { decodeSuperblock } from '../src/superblock.ts';
import { sendAgain } from './clients.ts';
import { isCorner, isSequence, type LaneCase, showsEverySubset } from './cases.ts';
import { elementOf, type ImagePath, replayId } from './image-id.ts';
import { History } from './history.ts';
import { operationOf, STAMPED_OPERATIONS } from './operations.ts';
import { checkImage, checkWhole, type Expectation } from './oracle.ts';
import { type Promises, promisesOf } from './promises.ts';
import { describe, Run } from './run.ts';
import { type Tally, tallyOf } from './tally.ts';
import { type Treatment, treatmentOf, type TreatmentRates } from './treatment.ts';
import { demand, Violation } from './violation.ts';
import { checkWounded, inflict, woundOf } from './wounds.ts';

export interface LaneLimits extends TreatmentRates {
  /** Operations of the first life in which it crashes, of a hundred. */
  readonly crashPercent: number;
  /** Images of one crash of the first life. */
  readonly perCrash: number;
  /** The same of a later life. */
  readonly secondCrashPercent: number;
  readonly perSecondCrash: number;
  readonly images: number;
  /** A case ends early with so many. */
  readonly violations: number;
  /** Asks under every profile for what `tab-kill` promises: shows that the table is needed. */
  readonly asksTooMuch?: boolean;
}

/** Subsets of a crash: exhaustive up to 12 atoms, then the telling ones. */
const ALL_SUBSETS = { exhaustiveUpTo: 12, random: 64, pairs: 256 };
/** Where every subset is looked at, nearly all of them are looked at as they are. */
const RARE_TREATMENTS: TreatmentRates = {
  rotEvery: 128,
  readFaultEvery: 512,
  woundEvery: 128,
  twiceEvery: 256,
  secondLifeEvery: 256,
};
const FEW_SUBSETS = { exhaustiveUpTo: 7, random: 24, pairs: 24 };
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
/** The clients of the first life go on in the second. */
const STAMPED_LIFE = [
  ...SECOND_LIFE,
  ...Object.keys(STAMPED_OPERATIONS).filter((name) => name !== 'stampedCrowd'),
];
const PATH = 's/journal';

/** A life of the store as its images are judged. */
interface Life {
  readonly disk: SimulatedDisk;
  readonly history: History;
  /** 0: the first. */
  readonly number: number;
  readonly path: ImagePath;
  /** Names made in it, or in an earlier one before the store was open, may still be lost. */
  readonly namesYoung: boolean;
  /** The store is being erased in it from this operation on. */
  readonly erasingFromOp: number;
  /** Until it was open, recovery had promised nothing new and must come out the same. */
  readonly recoveredTo: { readonly untilOp: number; readonly lastLsn: number } | undefined;
}

export class CaseRun {
  private readonly lane: LaneCase;
  private readonly limits: LaneLimits;
  private readonly tally: Tally;
  private readonly promises: Promises;
  private readonly isDistinct: boolean;
  private crashFromOp = 0;

  constructor(lane: LaneCase, limits: LaneLimits, tally: Tally, isDistinct = true) {
    this.lane = lane;
    this.limits = showsEverySubset(lane.number) ? { ...limits, ...RARE_TREATMENTS } : limits;
    this.tally = tally;
    this.isDistinct = isDistinct;
    this.promises =
      limits.asksTooMuch === true
        ? promisesOf('tab-kill', 16)
        : promisesOf(lane.profile, lane.options.alignmentBytes ?? 16);
  }

  /** Runs the workload and looks at images of it. */
  async start(): Promise<void> {
    this.tally.cases++;
    const life = await this.firstLife();
    if (life === undefined) return;
    const { crashPercent, perCrash } = this.limits;
    const { lane } = this;
    const from = lane.formatToo ? 0 : Math.max(life.history.openedAtOp, this.crashFromOp);
    const { number } = lane;
    const percent = isSequence(number) || isCorner(number) ? 100 : crashPercent;
    const telling = lane.subsets === 'telling';
    const random = new SeededRandom(seedOf(lane.seed, 'crashes'));
    const images = life.disk.images({
      crashAt: (op) => op > from && random.below(100) < percent,
      subsets: telling ? ALL_SUBSETS : { ...FEW_SUBSETS, atMost: perCrash },
    });
    for (const image of images) {
      if (this.isFull()) return;
      await this.look(image, life);
    }
  }

  /** Looks at one image alone. */
  async replay(path: ImagePath): Promise<void> {
    this.tally.cases++;
    const life = await this.firstLife();
    if (life === undefined) return;
    const first = path[0];
    if (first !== undefined) await this.look(life.disk.image(first.image), life, path);
  }

  private isFull(): boolean {
    const { images, violations } = this.tally;
    return images >= this.limits.images || violations.length >= this.limits.violations;
  }

  /** The first life up to its end; undefined when it violated something while it ran. */
  async firstLife(): Promise<Life | undefined> {
    const { lane } = this;
    const disk = new SimulatedDisk({ seed: lane.seed, profile: lane.profile });
    const history = new History();
    try {
      await this.perform(disk, history);
    } catch (error) {
      this.fail(error, []);
      return undefined;
    }
    return {
      disk,
      history,
      number: 0,
      path: [],
      namesYoung: true,
      erasingFromOp: Infinity,
      recoveredTo: undefined,
    };
  }

  private async perform(disk: SimulatedDisk, history: History): Promise<void> {
    const { lane } = this;
    const host = disk.host();
    history.keepsAll = lane.options.keep !== 'checkpoint';
    if (lane.profile === 'lying-flush' && this.limits.asksTooMuch !== true) history.liedAtOp = -1;
    const store = await openStore(host, 's', lane.options);
    if (lane.namesSettled) await disk.advanceAsync(NAMES_SETTLE_MS);
    if (lane.namesSettled) history.namesSettledAtOp = disk.opCount;
    history.openedAtOp = disk.opCount;
    const run = new Run(disk, host, history, lane.options, store);
    if (lane.spareBytes !== Infinity) disk.limitBytes = disk.sizeOf(PATH) + lane.spareBytes;
    for (const [index, name] of lane.workload.entries()) {
      if (index === lane.faultBeginsAt && lane.fault !== undefined)
        run.fault = disk.inject(lane.fault);
      if (index === lane.faultEndsAt) run.fault?.cancel();
      if (index === lane.crashFrom && index > 0) this.crashFromOp = disk.opCount;
      const opsBefore = disk.opCount;
      await operationOf(name)(run);
      await run.settle();
      this.noteFault(run, opsBefore);
    }
    // What the last operation left to do (a commit that nobody waits for) may fail, too.
    const opsBefore = disk.opCount;
    await disk.advanceAsync(0);
    await run.settle();
    this.noteFault(run, opsBefore);
    if (this.promises.whole && history.liedAtOp === Infinity) await this.checkLive(run);
    run.store.abandon();
  }

  /** @param opsBefore when what has just been done had begun */
  private noteFault({ fault, history }: Run, opsBefore: number): void {
    if ((fault?.strikes ?? 0) === 0) return;
    history.faultedAtOp = Math.min(history.faultedAtOp, opsBefore);
    if (this.lane.profile === 'fsync-fail-late' && this.limits.asksTooMuch !== true)
      history.liedAtOp = Math.min(history.liedAtOp, opsBefore);
  }

  /** The running store, too, must show what was promised. */
  private async checkLive(run: Run): Promise<void> {
    run.fault?.cancel();
    // What nobody waited for may have failed since the last operation.
    while (run.store.state === 'reopening') await run.settle();
    checkWhole(
      run.store,
      { history: run.history, op: Infinity, promises: this.promises, namesMayBeLost: false },
      Infinity,
    );
  }

  /** @param replayed only the image at the end of this path is wanted */
  private async look(image: DiskImage, life: Life, replayed?: ImagePath): Promise<void> {
    const { lane, limits } = this;
    const { history } = life;
    const path = [...life.path, { image: image.id }];
    const given = replayed?.[life.number]?.treatment;
    const number = given ?? this.treatmentNumber(path.map(elementOf).join('+'));
    const drawn = treatmentOf(limits, number, life.number);
    const last = replayed === undefined || replayed.length === path.length;
    const treatment = last && replayed !== undefined ? { ...drawn, next: undefined } : drawn;
    const elements: ImagePath = [...life.path, { image: image.id, treatment: given }];
    const whole = this.promises.whole && history.liedAtOp >= image.op;
    this.another();
    try {
      const booted = image.disk({
        profile: lane.profile,
        record: treatment.next !== undefined && whole,
      });
      booted.limitBytes = Infinity;
      const expectation: Expectation = {
        history,
        op: image.op,
        promises: this.promises,
        // Names that are young now; on a booted machine only those that it makes itself are.
        namesMayBeLost: life.number === 0 ? image.op <= history.namesSettledAtOp : life.namesYoung,
        erasing: image.op > life.erasingFromOp,
        endsAt:
          life.recoveredTo !== undefined && image.op <= life.recoveredTo.untilOp
            ? life.recoveredTo.lastLsn
            : undefined,
      };
      // An erased store would be made anew by that.
      if (treatment.readFault && expectation.erasing !== true)
        await this.openWithReadFault(booted, treatment.random);
      if (treatment.wounded) await this.wound(booted, expectation, treatment.random);
      else {
        if (treatment.superblockRots) destroySuperblock(booted, treatment.random);
        const { rows, store } = await checkImage(booted.host(), lane.options, expectation);
        const rotten = treatment.superblockRots;
        this.count(rows, !rotten && history.faultedAtOp >= image.op);
        if (store === undefined || !whole) return;
        // A store that was made just now may go with its name.
        if (treatment.twice && rows[0] === 'present')
          await this.recoverAgain(booted, expectation, store.status().lastLsn);
        const isOver = treatment.next === undefined && expectation.erasing !== true;
        if (isOver && history.messages.length > 0)
          await this.sendAgain(booted, store, history.fork(image.op));
        // After an erase another store stands there, of which this history knows nothing.
        const isAnother = expectation.erasing === true && rows[0] !== 'present';
        if (treatment.next === undefined || isAnother) {
          store.abandon();
          return;
        }
        const past = history.fork(image.op);
        if (rotten) past.faultedAtOp = -1;
        const run = new Run(booted, store.host, past, lane.options, store);
        const next = await this.liveOn(run, treatment, {
          path: elements,
          number: life.number + 1,
          namesYoung: life.namesYoung && image.op <= history.openedAtOp,
        });
        const element = replayed?.[next.number];
        if (replayed === undefined) await this.lookOn(next, treatment);
        else if (element !== undefined)
          await this.look(booted.image(element.image), next, replayed);
      }
    } catch (error) {
      this.fail(error, elements);
    }
  }

  /** What clients have no answer to is sent again: the log holds it once, where they were told it is. */
  private async sendAgain(disk: SimulatedDisk, store: Store, past: History): Promise<void> {
    const run = new Run(disk, store.host, past, this.lane.options, store);
    past.openedAtOp = run.op;
    past.reopened(store.status().lastLsn, run.op, false);
    await sendAgain(run);
    await this.checkLive(run);
  }

  /** What an image's treatment is drawn from, when its id does not say. */
  treatmentNumber(path: string): number {
    return seedOf(this.lane.seed, path);
  }

  /** Images of a later life. */
  private async lookOn(life: Life, treatment: Treatment): Promise<void> {
    const { secondCrashPercent, perSecondCrash } = this.limits;
    const { random } = treatment;
    const images = life.disk.images({
      crashAt: () => random.below(100) < secondCrashPercent,
      subsets: { ...FEW_SUBSETS, atMost: perSecondCrash },
    });
    for (const image of images) {
      if (this.isFull()) return;
      await this.look(image, life);
    }
  }

  /** A power cut before anything new was promised, and another recovery: nothing changes. */
  private async recoverAgain(
    disk: SimulatedDisk,
    expectation: Expectation,
    lastLsn: number,
  ): Promise<void> {
    const again = disk.powerCut('none', { record: false });
    const { store } = await checkImage(again.host(), this.lane.options, {
      ...expectation,
      endsAt: lastLsn,
    });
    store?.abandon();
  }

  private async wound(
    disk: SimulatedDisk,
    expectation: Expectation,
    random: SeededRandom,
  ): Promise<void> {
    const wound = woundOf(random);
    if (!(await inflict(wound, disk, this.lane.options, random))) {
      const { rows } = await checkImage(disk.host(), this.lane.options, expectation);
      this.count(rows, false);
      return;
    }
    const { rows } = await checkWounded(disk.host(), this.lane.options, expectation, wound);
    this.count(rows, false);
  }

  /** A read that fails while opening is never taken for the end of the log: opening fails, and changes nothing. */
  private async openWithReadFault(disk: SimulatedDisk, random: SeededRandom): Promise<void> {
    const effect =
      random.below(2) === 0
        ? ({ throws: 'io' } as const)
        : ({ short: ([0, 'half', 'len-1'] as const)[random.below(3)]! } as const);
    const fault = disk.inject({ on: 'read', skip: random.below(8), effect });
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

  private async liveOn(
    run: Run,
    { next, random }: Treatment,
    life: Pick<Life, 'path' | 'number' | 'namesYoung'>,
  ): Promise<Life> {
    const { lastLsn } = run.store.status();
    const { disk, history, op } = run;
    run.serial = 1_000 * life.number + random.below(60_000) * 16;
    history.openedAtOp = op;
    history.reopened(lastLsn, op, false);
    const found = run.store.readState();
    for (const checkpoint of history.checkpoints) {
      if (
        found !== undefined &&
        checkpoint.coveredLsn === found.coveredLsn &&
        checkpoint.ackedAtOp > op
      ) {
        checkpoint.ackedAtOp = op;
      }
    }
    let erasingFromOp = Infinity;
    if (next === 'used') {
      for (let count = 2 + random.below(3); count > 0; count--) {
        const names = history.messages.length > 0 ? STAMPED_LIFE : SECOND_LIFE;
        const name = names[random.below(names.length)]!;
        await operationOf(name)(run);
        await run.settle();
      }
      await this.checkLive(run);
    }
    run.store.abandon();
    if (next === 'erased') {
      erasingFromOp = run.op;
      await run.ended(deleteStore(run.host, 's'));
    }
    return { ...life, disk, history, erasingFromOp, recoveredTo: { untilOp: op, lastLsn } };
  }

  private another(): void {
    const one = tallyOf(this.tally, this.lane.profile);
    this.tally.images++;
    one.images++;
    if (!this.isDistinct) return;
    this.tally.distinct++;
    one.distinct++;
  }

  private count(rows: readonly string[], byCrash: boolean): void {
    const one = tallyOf(this.tally, this.lane.profile);
    for (const row of rows) {
      one.rows[row] = (one.rows[row] ?? 0) + 1;
      if (byCrash) one.byCrash[row] = (one.byCrash[row] ?? 0) + 1;
    }
  }

  private fail(error: unknown, path: ImagePath): void {
    const { lane, tally } = this;
    const reason = error instanceof Violation ? error.message : `unexpected: ${describe(error)}`;
    tallyOf(tally, lane.profile).violations++;
    tally.violations.push({
      profile: lane.profile,
      reason,
      what: `${labelOf(lane)}${path.length === 0 ? ' while running' : ''}`,
      id: replayId(lane, path),
    });
  }
}

function labelOf({ workload, fault, faultBeginsAt, faultEndsAt }: LaneCase): string {
  if (fault === undefined) return workload.join('+');
  return `${workload.join('+')} fault ${JSON.stringify(fault)} from ${faultBeginsAt} to ${faultEndsAt}`;
}

/** Either superblock may rot: what was acknowledged stands in both. */
function destroySuperblock(disk: SimulatedDisk, random: SeededRandom): void {
  const valid = ([0, 1] as const).map((place) => {
    const at = SUPERBLOCK_PLACES[place];
    return disk.sizeOf(PATH) >= at + 512
      ? decodeSuperblock(disk.peek(PATH, at, 512), place)
      : undefined;
  });
  if (valid[0] === undefined || valid[1] === undefined) return;
  const place = valid[0].sequence > valid[1].sequence ? 0 : 1;
  const chosen = random.below(4) > 0 ? place : 1 - place;
  disk.poke(PATH, new Uint8Array(64), SUPERBLOCK_PLACES[chosen]!);
}
