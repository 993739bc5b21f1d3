/**
 * One case: a short random workload runs once on a simulated disk that records; then images of its
 * crashes are opened and compared with what the calls had been told. Some live on: their volume is only
 * recovered, or used, crashes again in that (inside its own recovery, too), and the images of that are
 * compared; those may crash once more inside their recovery.
 *
 * Always true:
 * - what happens to an image depends on the case and its own id alone, so the id replays it
 * - two images of one life with the same bytes, of which the same is owed, are looked at once
 */
import {
  type DiskImage,
  SeededRandom,
  seedOf,
  SimulatedDisk,
  type Subsets,
} from '@varve/files/simulated';
import { openStore, SUPERBLOCK_BYTES, SUPERBLOCK_PLACES } from '@varve/journal';
import { isVarveError, VarveError } from '@varve/protocol';
import { openVolume, type Volume } from '../src/index.ts';
import type { VolumeCase } from './cases.ts';
import { replayId } from './image-id.ts';
import { Life } from './life.ts';
import { Model } from './model.ts';
import { demandOne, demandServed, ending } from './oracle.ts';
import { isWhole } from './promises.ts';
import { profileTally, type VolumeTally } from './tally.ts';
import { atOnce } from './timers.ts';

export interface LaneLimits {
  /** Images of one crash of the first life; of a later one. */
  readonly perCrash: number;
  readonly perLaterCrash: number;
  /** Operations of a later life in which it crashes, of a hundred. */
  readonly laterCrashPercent: number;
  /** One image in so many loses one of its superblocks, if it has two. */
  readonly rotEvery: number;
  /** One image in so many lives on, to crash again. */
  readonly livesOnEvery: number;
  readonly images: number;
  readonly violations: number;
  /** Asks under every profile for what `tab-kill` promises: shows that the table is needed. */
  readonly asksTooMuch?: boolean;
}

export const LIMITS: LaneLimits = {
  perCrash: 12,
  perLaterCrash: 4,
  laterCrashPercent: 60,
  rotEvery: 8,
  livesOnEvery: 40,
  images: Infinity,
  violations: 20,
};

/** Lives in which an image may go on: crashed in the third, it is only looked at. */
const LIVES = 3;
const FIRST_SUBSETS: Subsets = { exhaustiveUpTo: 6, random: 8, pairs: 8 };
const LATER_SUBSETS: Subsets = { exhaustiveUpTo: 3, random: 2, pairs: 2 };

/** A life whose crashes are looked at, and how it came to be. */
interface Lived {
  readonly life: Life;
  /** Ids of the images that led to it. */
  readonly path: readonly string[];
  /** The last of them was of a crash inside a recovery. */
  readonly inRecovery: boolean;
  /** Images that were looked at, as bytes and what is owed; and as bytes alone. */
  readonly seen: Set<string>;
}

export class CaseRun {
  private readonly lane: VolumeCase;
  private readonly limits: LaneLimits;
  private readonly tally: VolumeTally;
  private readonly promisesAll: boolean;
  private readonly contents = new Set<string>();

  constructor(lane: VolumeCase, limits: LaneLimits, tally: VolumeTally) {
    this.lane = lane;
    this.limits = limits;
    this.tally = tally;
    this.promisesAll = limits.asksTooMuch === true || isWhole(lane.profile, lane.isPadded);
  }

  /** Runs the workload and looks at images of it. */
  async start(): Promise<void> {
    const lived = await this.firstLife();
    if (lived === undefined) return;
    const { disk, readyAtOp } = lived.life;
    this.tally.deviceOps += disk.opCount;
    const images = disk.images({
      crashAt: (op) => (op > readyAtOp || this.lane.creationToo) && this.isTelling(disk, op),
      subsets: { ...FIRST_SUBSETS, atMost: this.perCrash },
    });
    for (const image of images) {
      if (this.isFull) return;
      await this.look(image, lived);
    }
  }

  /** What is wide takes long to compare, and has many operations. */
  private get perCrash(): number {
    const { perCrash } = this.limits;
    return this.lane.isWide ? Math.ceil(perCrash / 6) : perCrash;
  }

  /** Looks at one image alone. */
  async replay(path: readonly string[]): Promise<void> {
    const lived = await this.firstLife();
    const [first] = path;
    if (lived === undefined || first === undefined) return;
    await this.look(lived.life.disk.image(first), lived, path);
  }

  private get isFull(): boolean {
    const { images, violations } = this.tally;
    return images >= this.limits.images || violations.length >= this.limits.violations;
  }

  /** Where memory is lost, a crash in a write leaves what one in the flush behind it does. */
  private isTelling(disk: SimulatedDisk, op: number): boolean {
    if (this.lane.profile === 'tab-kill') return true;
    return disk.operation(op)?.kind === 'flush' || disk.operation(op + 1)?.kind !== 'flush';
  }

  /** Undefined: the running volume violated something. */
  private async firstLife(): Promise<Lived | undefined> {
    const { lane } = this;
    this.tally.cases++;
    const disk = new SimulatedDisk({ seed: lane.seed, profile: lane.profile });
    const life = new Life(lane, disk, new Model(lane.options.sizeBytes));
    try {
      await ending(this.perform(life));
    } catch (error) {
      this.fail(error, [], life);
      return undefined;
    }
    return { life, path: [], inRecovery: false, seen: new Set() };
  }

  private async perform(life: Life): Promise<void> {
    await life.create();
    await life.work(this.lane.calls);
    await life.settle();
    life.abandon();
  }

  /** @param replayed only the image at the end of this path is wanted */
  private async look(image: DiskImage, lived: Lived, replayed?: readonly string[]): Promise<void> {
    const { lane, limits } = this;
    const { life } = lived;
    const depth = lived.path.length;
    const path = [...lived.path, image.id];
    const isLast = replayed === undefined || replayed.length === path.length;
    const random = new SeededRandom(seedOf(lane.seed, ...path));
    const hasLied = life.liedAtOp < image.op && limits.asksTooMuch !== true;
    const isWholeHere = this.promisesAll && !hasLied;
    const rots = depth === 0 && isWholeHere && random.below(limits.rotEvery) === 0;
    const drawn = depth + 1 < LIVES && random.below(limits.livesOnEvery) === 0;
    const livesOn = isWholeHere && image.op > life.readyAtOp && drawn;
    const records = replayed === undefined ? livesOn : !isLast;
    const disk = image.disk({ profile: lane.profile, record: records });
    const bytes = disk.fingerprint();
    const steps = life.allowedAt(image.op);
    if (replayed === undefined && !this.isNew(lived, image, bytes, rots)) return;
    this.count(image, lived, bytes);
    let next: Lived | undefined;
    try {
      if (rots) await this.rotSuperblock(image, disk, random);
      const allowed = steps.map(({ model }) => model);
      if (!isWholeHere) {
        await ending(this.lookAtBroken(disk, life, image.op));
        return;
      }
      if (image.op <= life.readyAtOp) {
        await ending(this.lookAtCreation(disk, life, image.op));
        return;
      }
      const inRecovery = life.placesAt(image.op).includes('inside a recovery');
      if (records) next = await ending(this.liveOn(disk, allowed, path, inRecovery, random));
      else await ending(lookAt(disk, allowed));
    } catch (error) {
      this.fail(error, path, life);
      return;
    }
    if (next === undefined) return;
    if (replayed === undefined) await this.lookOn(next);
    else await this.look(disk.image(replayed[path.length]!), next, replayed);
  }

  private isNew({ life, seen }: Lived, { op }: DiskImage, bytes: string, rots: boolean): boolean {
    const steps = life.allowedAt(op);
    const owed = `${life.indexOf(steps[0])}-${steps.length}`;
    const key = `${bytes}|${owed}|${rots}|${life.liedAtOp >= op}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  }

  private count({ op }: DiskImage, { life, path, inRecovery }: Lived, bytes: string): void {
    const of = profileTally(this.tally, this.lane.profile);
    this.tally.images++;
    of.images++;
    if (path.length > 0) of.later++;
    if (!this.contents.has(bytes)) of.distinct++;
    this.contents.add(bytes);
    const places = life.placesAt(op);
    if (inRecovery && places.includes('inside a recovery')) {
      places.push('inside the recovery of a recovery');
    }
    for (const place of places) of.places[place] = (of.places[place] ?? 0) + 1;
  }

  /** It is recovered, or used, on a disk that records: its crashes are looked at. */
  private async liveOn(
    disk: SimulatedDisk,
    allowed: readonly Model[],
    path: readonly string[],
    inRecovery: boolean,
    random: SeededRandom,
  ): Promise<Lived> {
    const { lane } = this;
    const seed = seedOf(lane.seed, ...path);
    // What comes back is what it must come back as, wherever this recovery is interrupted.
    const found = await recoveredTo(disk, allowed);
    const unharmed = { ...lane, fault: undefined };
    const life = new Life(unharmed, disk, found, path.length, seed);
    await demandOne(await life.open(false, 1), [found]);
    if (path.length === 1 && random.below(8) < 5) {
      await life.work(4);
      await life.end();
    } else {
      await life.settle();
      life.abandon();
    }
    return { life, path, inRecovery, seen: new Set() };
  }

  private async lookOn(lived: Lived): Promise<void> {
    const { laterCrashPercent, perLaterCrash } = this.limits;
    const { disk } = lived.life;
    const random = new SeededRandom(seedOf(this.lane.seed, ...lived.path, 'crashes'));
    const images = disk.images({
      crashAt: (op) => this.isTelling(disk, op) && random.below(100) < laterCrashPercent,
      subsets: { ...LATER_SUBSETS, atMost: perLaterCrash },
    });
    for (const image of images) {
      if (this.isFull) return;
      await this.look(image, lived);
    }
  }

  /** The device has lied, or damaged what it was not asked to touch: nothing is served wrong. */
  private async lookAtBroken(disk: SimulatedDisk, life: Life, op: number): Promise<void> {
    const { chunkSizeBytes } = this.lane.options;
    const ever = life.everUntil(op).map(({ model }) => model);
    let volume: Volume | undefined;
    try {
      volume = await openVolume(hostOf(disk), 'v', { create: false });
      await demandServed(volume, chunkSizeBytes, ever);
      await volume.check();
    } catch (error) {
      // Opening, or what goes on in the background, met what is damaged.
      if (!(error instanceof VarveError)) throw error;
      profileTally(this.tally, this.lane.profile).refused++;
    } finally {
      volume?.abandon();
    }
  }

  /** A volume that was being made is not there, empty, or, while names are young, lost. */
  private async lookAtCreation(disk: SimulatedDisk, life: Life, op: number): Promise<void> {
    const isMade = op > life.createdAtOp;
    const options = isMade ? { create: false } : this.lane.options;
    let volume: Volume;
    try {
      volume = await openVolume(hostOf(disk), 'v', options);
    } catch (error) {
      if (isVarveError(error, 'STORE_LOST')) return;
      throw error;
    }
    await demandOne(volume, [new Model(this.lane.options.sizeBytes)]);
    volume.abandon();
  }

  /** Either superblock may rot: what a checkpoint let go of is gone for both. */
  private async rotSuperblock(
    image: DiskImage,
    disk: SimulatedDisk,
    random: SeededRandom,
  ): Promise<void> {
    let invalid: readonly unknown[];
    try {
      const store = await openStore(hostOf(image.disk()), 'v', { readOnly: true, create: false });
      invalid = store.status().recovery.invalidSuperblocks;
      store.abandon();
    } catch (error) {
      // It is not made yet, or lost.
      if (isVarveError(error, 'NOT_FOUND') || isVarveError(error, 'STORE_LOST')) return;
      throw error;
    }
    if (invalid.length > 0) return;
    const place = SUPERBLOCK_PLACES[random.below(2)]!;
    disk.poke('v/journal', new Uint8Array(SUPERBLOCK_BYTES), place);
  }

  private fail(error: unknown, path: readonly string[], { log }: Life): void {
    const { lane } = this;
    const facts = isVarveError(error) ? ` ${JSON.stringify(error.facts)}` : '';
    profileTally(this.tally, lane.profile).violations++;
    this.tally.violations.push({
      profile: lane.profile,
      reason: `${String(error)}${facts}`,
      stack: error instanceof Error ? (error.stack ?? '') : '',
      what: log.slice(-8).join('; '),
      id: replayId(lane, path),
    });
  }
}

const hostOf = (disk: SimulatedDisk) => ({ ...disk.host(), timers: atOnce });

async function lookAt(disk: SimulatedDisk, allowed: readonly Model[]): Promise<Model> {
  const volume = await openVolume(hostOf(disk), 'v', { create: false, stepExceptions: 1 });
  const found = await demandOne(volume, allowed);
  volume.abandon();
  return found;
}

/** Looked at on a machine of its own: nothing of it is on this disk. */
async function recoveredTo(disk: SimulatedDisk, allowed: readonly Model[]): Promise<Model> {
  return lookAt(disk.fork({ record: false }), allowed);
}
