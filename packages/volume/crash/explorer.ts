/**
 * Crashes a volume at every device operation of a short random workload, boots images of what each
 * crash may have left, and compares what comes back with the model.
 *
 * Always true:
 * - every image must open, be what the model was after the last acknowledged call or after some call
 *   issued since, whole, and pass its own check
 * - a failure names the case and the image, which show it again: `exploreCase(seed, { only: id })`
 */
import type { Host } from '@varve/files';
import {
  type DiskImage,
  type Profile,
  SeededRandom,
  seedOf,
  SimulatedDisk,
} from '@varve/files/simulated';
import { openStore, SUPERBLOCK_BYTES, SUPERBLOCK_PLACES } from '@varve/journal';
import { isVarveError } from '@varve/protocol';
import { type AtomicOp, openVolume, type Volume, type VolumeOptions } from '../src/index.ts';
import { assertClean, assertEqual, assertIdle, Differs } from './equal.ts';
import { Model } from './model.ts';
import { atOnce } from './random-run.ts';

const CHUNK = 512;
/** One image of so many loses one of its superblocks, if it has two. */
const ROT_EVERY = 8;
const NAMES_SETTLE_MS = 61_000;
const PROFILES: readonly Profile[] = ['power', 'power', 'power', 'os', 'tab-kill'];

export interface ExploreLimits {
  /** Calls of the workload. */
  readonly calls?: number;
  /** Images of each crash. */
  readonly perCrash?: number;
  /** One image of so many crashes again in its own recovery, and in what is done after it. */
  readonly againEvery?: number;
  readonly only?: string;
}

export interface ExploreFigures {
  readonly profile: Profile;
  images: number;
  secondImages: number;
  deviceOps: number;
}

/** What the volume may be, from which device operation on it was asked for, and from which owed. */
interface Step {
  readonly model: Model;
  readonly issuedAtOp: number;
  ackedAtOp: number;
  readonly what: string;
}

export class CrashFailure extends Error {
  override readonly name = 'CrashFailure';
}

export async function exploreCase(
  seed: number,
  limits: ExploreLimits = {},
): Promise<ExploreFigures> {
  const random = new SeededRandom(seedOf(seed, 'case'));
  const profile = PROFILES[random.below(PROFILES.length)]!;
  const figures = { profile, images: 0, secondImages: 0, deviceOps: 0 };
  const disk = new SimulatedDisk({ seed, profile });
  const life = new Life(disk, random, new Model(CHUNK * (4 + random.below(20))));
  await life.create();
  await life.work(limits.calls ?? 14);
  figures.deviceOps = disk.opCount;
  const { perCrash = 12, againEvery = 40, only } = limits;
  const images = disk.images({
    crashAt: (op) => op > life.readyAtOp,
    subsets: { exhaustiveUpTo: 6, random: 8, pairs: 8, atMost: perCrash },
  });
  for (const image of images) {
    const [first, second] = only?.split('/') ?? [];
    if (first !== undefined && image.id !== first) continue;
    figures.images++;
    const isAgain = second !== undefined || seedOf(seed, image.id) % againEvery === 0;
    await look(seed, image, image.id, life, isAgain, async (booted, steps) => {
      for (const again of booted.images({
        crashAt: 'every-op',
        subsets: { exhaustiveUpTo: 3, random: 2, pairs: 2, atMost: 4 },
      })) {
        if (second !== undefined && again.id !== second) continue;
        figures.secondImages++;
        await look(seed, again, `${image.id}/${again.id}`, steps, false);
      }
    });
  }
  return figures;
}

/** Who can say what a crash at an operation may leave. */
interface Owing {
  readonly log: readonly string[];
  allowedAt(op: number): readonly Model[];
}

async function look(
  seed: number,
  image: DiskImage,
  id: string,
  owing: Owing,
  isAgain: boolean,
  explore: (disk: SimulatedDisk, owing: Owing) => Promise<void> = async () => {},
): Promise<void> {
  const disk = image.disk({ record: isAgain });
  let then: Life | undefined;
  try {
    const allowed = owing.allowedAt(image.op);
    if (seedOf(seed, id, 'rot') % ROT_EVERY === 0)
      await rotSuperblock(image, disk, seedOf(seed, id));
    const volume = await openVolume(hostOf(disk), 'v', { create: false, stepExceptions: 1 });
    const model = await matching(volume, allowed);
    await assertClean(volume);
    if (isAgain) {
      then = new Life(disk, new SeededRandom(seedOf(seed, id)), model, volume, allowed);
      await then.work(4);
      await then.end();
      const reopened = await openVolume(hostOf(disk), 'v', { create: false });
      await assertEqual(reopened, then.model);
      await assertIdle(reopened);
      reopened.abandon();
    } else volume.abandon();
  } catch (cause) {
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    throw new CrashFailure(
      `seed ${seed}, image ${id} (${disk.profile}) after [${owing.log.slice(-6).join('; ')}]: ${what}`,
      { cause },
    );
  }
  if (then !== undefined) await explore(disk, then);
}

/** Either superblock may rot: what a checkpoint let go of is gone for both. */
async function rotSuperblock(image: DiskImage, disk: SimulatedDisk, seed: number): Promise<void> {
  const store = await openStore(hostOf(image.disk()), 'v', { readOnly: true, create: false });
  const { invalidSuperblocks } = store.status().recovery;
  store.abandon();
  if (invalidSuperblocks.length > 0) return;
  const place = SUPERBLOCK_PLACES[seed % 2]!;
  disk.poke('v/journal', new Uint8Array(SUPERBLOCK_BYTES), place);
}

/** The state that came back. @throws Differs when it is none that may have */
async function matching(volume: Volume, allowed: readonly Model[]): Promise<Model> {
  let last: unknown;
  for (const model of allowed.toReversed()) {
    try {
      await assertEqual(volume, model, false);
      return model.copy();
    } catch (error) {
      if (!(error instanceof Differs)) throw error;
      last ??= error;
    }
  }
  throw last;
}

function hostOf(disk: SimulatedDisk): Host {
  return { ...disk.host(), timers: atOnce };
}

/** A volume on a disk, what is done to it, and what it therefore may be after a crash. */
class Life implements Owing {
  readonly log: string[] = [];
  readyAtOp = 0;
  private readonly disk: SimulatedDisk;
  private readonly random: SeededRandom;
  private readonly steps: Step[];
  private readonly before: readonly Model[];
  private readonly background: Promise<unknown>[] = [];
  private readonly options: VolumeOptions;
  private volume: Volume | undefined;
  private serial = 0;

  /** @param before what it may still be until it was open: recovery has promised nothing new */
  constructor(
    disk: SimulatedDisk,
    random: SeededRandom,
    model: Model,
    volume?: Volume,
    before: readonly Model[] = [],
  ) {
    this.disk = disk;
    this.random = random;
    this.volume = volume;
    this.before = before;
    this.serial = volume === undefined ? 0 : 1_000;
    const op = disk.opCount;
    this.steps = [{ model: model.copy(), issuedAtOp: op, ackedAtOp: op, what: 'opened' }];
    this.options = {
      chunkSizeBytes: CHUNK,
      sizeBytes: model.origin.length,
      segmentSizeBytes: this.pick([4_096, 16_384]),
      checkpointEveryBytes: this.pick([3_000, 1_000_000]),
      directBytes: this.pick([CHUNK, 3 * CHUNK]),
      stepExceptions: this.pick([1, 2, 256]),
      cacheBytes: 0,
      dedup: random.below(3) === 0,
      ...(random.below(2) === 0 && {
        capacityBytes: Math.max(CHUNK, model.origin.length) * 2,
      }),
    };
  }

  get model(): Model {
    return this.steps.at(-1)!.model;
  }

  /** Every state that a crash in this device operation may leave. */
  allowedAt(op: number): readonly Model[] {
    const owed = this.steps.findLastIndex(({ ackedAtOp }) => ackedAtOp < op);
    const models = this.steps
      .filter(({ issuedAtOp }, index) => index >= owed && (issuedAtOp < op || index === owed))
      .map(({ model }) => model);
    return owed < 0 ? [...this.before, ...models] : models;
  }

  private pick<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)]!;
  }

  async create(): Promise<void> {
    this.volume = await openVolume(hostOf(this.disk), 'v', this.options);
    this.disk.advance(NAMES_SETTLE_MS);
    this.readyAtOp = this.disk.opCount;
    this.steps[0]!.ackedAtOp = this.readyAtOp;
  }

  async work(calls: number): Promise<void> {
    for (let call = 0; call < calls; call++) await this.call();
  }

  async end(): Promise<void> {
    await assertEqual(this.volume!, this.model);
    await Promise.all(this.background);
    await assertIdle(this.volume!);
    await this.volume!.close();
  }

  private async call(): Promise<void> {
    const kind = this.random.below(100);
    const volume = this.volume!;
    if (kind < 40) await this.change(1 + (kind % 2) * 2);
    else if (kind < 50) await this.together();
    else if (kind < 65) await this.snapshot();
    else if (kind < 74) await this.finishLater('delete');
    else if (kind < 80) await this.finishLater('restore');
    else if (kind < 85) {
      const size = this.random.below(this.options.sizeBytes! + 2 * CHUNK);
      await this.step(
        `resize ${size}`,
        (model) => model.resize(size),
        () => volume.resize(size),
      );
    } else if (kind < 95)
      await this.step(
        'checkpoint',
        () => {},
        () => volume.checkpoint(),
      );
    else await this.reopen();
  }

  /** One call: what it may leave from its issue on, and must leave from its answer on. */
  private async step(
    what: string,
    change: (model: Model) => void,
    call: () => Promise<unknown>,
  ): Promise<void> {
    const model = this.model.copy();
    change(model);
    const step: Step = { model, issuedAtOp: this.disk.opCount, ackedAtOp: Infinity, what };
    this.steps.push(step);
    this.log.push(what);
    try {
      await call();
      step.ackedAtOp = this.disk.opCount;
    } catch (error) {
      if (!isVarveError(error, 'VOLUME_FULL') && !isVarveError(error, 'SNAPSHOT_LIMIT'))
        throw error;
      this.steps.pop();
    }
  }

  private op(view: string | undefined): AtomicOp {
    const size = this.model.view(view).length;
    const unit = this.pick([1, CHUNK]);
    const units = Math.max(1, Math.floor(size / unit));
    const at = this.random.below(units) * unit;
    const length = Math.min(size - at, this.random.below(unit === 1 ? 1_200 : 5) * unit);
    if (this.random.below(4) === 0) return { trim: { at, length } };
    const bytes = new Uint8Array(length).fill(1 + this.random.below(255));
    if (this.random.below(2) === 0) this.random.fill(bytes);
    return { write: { at, bytes } };
  }

  private viewName(): string | undefined {
    const names = [...this.model.snapshots.keys()];
    return names.length === 0 || this.random.below(3) > 0 ? undefined : this.pick(names);
  }

  private async change(count: number): Promise<void> {
    const view = this.viewName();
    const ops = Array.from({ length: count }, () => this.op(view));
    await this.step(
      `atomic ${view ?? ''} ${ops.map(describe).join(' ')}`,
      (model) => model.atomic(ops, view),
      () => this.volume!.atomic(ops, view === undefined ? {} : { view }),
    );
  }

  /** Calls of one turn: any number of the first of them may be left. */
  private async together(): Promise<void> {
    // Where one of them may be refused, what those behind it leave is another question.
    if (this.volume!.status().capacityChunks < 1_000_000) return;
    const calls: Promise<void>[] = [];
    for (let index = 0; index < 3; index++) calls.push(this.change(1));
    // Nothing of them is durable yet when it begins.
    if (this.random.below(2) === 0) calls.push(this.volume!.checkpoint());
    await Promise.all(calls);
  }

  private async snapshot(): Promise<void> {
    if (this.model.snapshots.size > 4) return;
    const name = `s${this.serial++}`;
    await this.step(
      `snapshot ${name}`,
      (model) => model.snapshot(name),
      () => this.volume!.snapshot(name),
    );
  }

  /** Begun, and durably so; the rest goes on behind what follows. */
  private async finishLater(kind: 'delete' | 'restore'): Promise<void> {
    const names = [...this.model.snapshots.keys()];
    if (names.length === 0) return;
    const volume = this.volume!;
    const name = this.pick(names);
    await this.step(
      `${kind} ${name}`,
      (model) => {
        if (kind === 'delete') model.snapshots.delete(name);
        else model.restore(name);
      },
      async () => {
        const done = kind === 'delete' ? volume.deleteSnapshot(name) : volume.restore(name);
        if (this.random.below(2) === 0) return done;
        this.background.push(
          done.catch((error: unknown) => {
            if (!isVarveError(error, 'CLOSED')) throw error;
          }),
        );
        return volume.flush();
      },
    );
  }

  private async reopen(): Promise<void> {
    const isClean = this.random.below(2) === 0;
    await this.step(
      isClean ? 'close, open' : 'abandon, open',
      () => {},
      async () => {
        if (isClean) await this.volume!.close();
        else this.volume!.abandon();
        const { sizeBytes: _, capacityBytes: __, ...options } = this.options;
        this.volume = await openVolume(hostOf(this.disk), 'v', options);
      },
    );
  }
}

function describe(op: AtomicOp): string {
  return 'write' in op
    ? `w${op.write.at}+${op.write.bytes.length}`
    : `t${op.trim.at}+${op.trim.length}`;
}
