/**
 * Runs a check on every image of a device, makes what fails small and says it in words.
 *
 * Always true: the images are visited in the order of their operations, so the first failure is the
 * earliest crash that shows it; equal runs visit equal images.
 */
import type { ImagesOptions } from '@varve/files/simulated';
import type { Device, Image } from './device.ts';
import { Report, type Ended, type Failure } from './report.ts';

/** Recovers on the image and throws when something is wrong with what came back. */
export type Check = (image: Image) => void | Promise<void>;

export interface Progress {
  readonly images: number;
  readonly failures: number;
  /** The operation of which images are being visited, and how many there are. */
  readonly op: number;
  readonly opCount: number;
  readonly seconds: number;
}

export interface ExploreOptions extends ImagesOptions {
  /**
   * How many times over to crash again inside what `check` does on the first machine that it boots:
   * recovery, and its recovery. `check` must then leave nothing behind that it would itself refuse.
   * Default 0.
   */
  readonly crashRecovery?: number;
  /** Which images of a crash in recovery. Default `{ atMost: 8 }`: there is one set for each image. */
  readonly recoverySubsets?: ImagesOptions['subsets'];
  /** Visits this image alone: the `id` of a failure. */
  readonly only?: string | undefined;
  /** Stops after so many images. Default: none. */
  readonly imagesMax?: number;
  /** Stops after so long. Default: never. */
  readonly timeMs?: number;
  /** Stops after so many failures. Default 1. */
  readonly failuresMax?: number;
  readonly signal?: AbortSignal;
  /** Told about twice a second. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Time for timers, signals and whoever else shares the thread. */
const PAUSE_EVERY_MS = 50;
const PROGRESS_EVERY_MS = 500;
/** A failure is made small by running the check again, so often at most. */
const SHRINK_TRIES_MAX = 500;

export async function explore(
  device: Device,
  check: Check,
  options: ExploreOptions = {},
): Promise<Report> {
  const exploration = new Exploration(device, check, options);
  const ended =
    options.only === undefined
      ? await exploration.visitAll(device, [], options.crashRecovery ?? 0)
      : await exploration.visitOnly(options.only);
  return exploration.report(ended ?? 'all');
}

class Exploration {
  readonly #device: Device;
  readonly #check: Check;
  readonly #options: ExploreOptions;
  readonly #failures: Failure[] = [];
  readonly #startMs = performance.now();
  #images = 0;
  #pausedMs = performance.now();
  #toldMs = performance.now();

  constructor(device: Device, check: Check, options: ExploreOptions) {
    this.#device = device;
    this.#check = check;
    this.#options = options;
  }

  report(ended: Ended): Report {
    return new Report({
      images: this.#images,
      opCount: this.#device.opCount,
      failures: this.#failures,
      ended,
      seconds: this.#seconds,
    });
  }

  /** @param outer the crashes that led to this machine */
  async visitAll(
    device: Device,
    outer: readonly Image[],
    depth: number,
  ): Promise<Ended | undefined> {
    const { crashAt = 'every-op', recoverySubsets = { atMost: 8 } } = this.#options;
    const subsets = outer.length === 0 ? this.#options.subsets : recoverySubsets;
    const images = device.images({
      crashAt: outer.length === 0 ? crashAt : 'every-op',
      ...(subsets && { subsets }),
    });
    for (const image of images) {
      const ended = this.#endedBy() ?? (await this.#visit(device, [...outer, image], depth));
      if (ended !== undefined) return ended;
      await this.#pause((outer[0] ?? image).op);
    }
    return undefined;
  }

  /** Walks through the crashes that an id names, one inside the other. */
  async visitOnly(id: string): Promise<undefined> {
    const parts = id.split('/');
    const crashes: Image[] = [];
    let device: Device | undefined = this.#device;
    for (const part of parts) {
      if (device === undefined) throw new Error(`no image ${id}: the check boots no machine`);
      crashes.push(device.image(part));
      const isLast = crashes.length === parts.length;
      if (isLast) await this.#visit(device, crashes, 0);
      else device = (await this.#attempt(crashes, true)).booted;
    }
  }

  async #visit(
    device: Device,
    crashes: readonly Image[],
    depth: number,
  ): Promise<Ended | undefined> {
    this.#images += 1;
    const { error, booted } = await this.#attempt(crashes, depth > 0);
    if (error !== undefined) {
      this.#failures.push(await this.#smallest(device, crashes, error.thrown));
      return undefined;
    }
    if (depth === 0 || booted === undefined || booted.opCount === 0) return undefined;
    return this.visitAll(booted, crashes, depth - 1);
  }

  /** Runs the check on the last of these crashes. */
  async #attempt(
    crashes: readonly Image[],
    record: boolean,
  ): Promise<{ error: { thrown: unknown } | undefined; booted: Device | undefined }> {
    const image = crashes[crashes.length - 1];
    let booted: Device | undefined;
    const boot: Image['boot'] = (options) => {
      const device = image.boot({ record, ...options });
      booted ??= device;
      return device;
    };
    const shown: Image = {
      id: idOf(crashes),
      // What is owed was decided before the first crash.
      op: crashes[0].op,
      boot,
      directory: () => boot().directory(),
      explain: () => explained(crashes),
    };
    try {
      await this.#check(shown);
      return { error: undefined, booted };
    } catch (thrown) {
      return { error: { thrown }, booted };
    }
  }

  async #smallest(device: Device, crashes: readonly Image[], thrown: unknown): Promise<Failure> {
    const outer = crashes.slice(0, -1);
    const image = crashes[crashes.length - 1];
    const failsTheSame = async (candidate: Image): Promise<{ thrown: unknown } | undefined> => {
      const { error } = await this.#attempt([...outer, candidate], false);
      return error !== undefined && kindOf(error.thrown) === kindOf(thrown) ? error : undefined;
    };
    const smaller = await device.shrink(
      image,
      async (candidate) => (await failsTheSame(candidate)) !== undefined,
      SHRINK_TRIES_MAX,
    );
    const chain = [...outer, smaller];
    // Once more: what was thrown names the image it was thrown for.
    const error = (await failsTheSame(smaller))?.thrown ?? thrown;
    return { id: idOf(chain), foundAs: idOf(crashes), error, crash: explained(chain) };
  }

  get #seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  #endedBy(): Ended | undefined {
    const { imagesMax, timeMs, failuresMax = 1, signal } = this.#options;
    if (this.#failures.length >= failuresMax) return 'failures';
    if (imagesMax !== undefined && this.#images >= imagesMax) return 'images';
    if (timeMs !== undefined && this.#seconds * 1000 >= timeMs) return 'time';
    return signal?.aborted === true ? 'aborted' : undefined;
  }

  async #pause(op: number): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs >= PROGRESS_EVERY_MS) {
      this.#toldMs = nowMs;
      this.#options.onProgress?.({
        images: this.#images,
        failures: this.#failures.length,
        op,
        opCount: this.#device.opCount,
        seconds: this.#seconds,
      });
    }
    if (nowMs - this.#pausedMs < PAUSE_EVERY_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#pausedMs = performance.now();
  }
}

const idOf = (crashes: readonly Image[]): string => crashes.map(({ id }) => id).join('/');

const explained = (crashes: readonly Image[]): string[] =>
  crashes.flatMap((crash, depth) => {
    const [first, ...lines] = crash.explain();
    return [depth === 0 ? first : `then, while it recovered, ${first}`, ...lines];
  });

/** While it is made small a failure stays the failure it is: an oracle's rule, else the error's name. */
function kindOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const { rule, name } = thrown as { rule?: unknown; name?: unknown };
  return String(rule ?? name);
}
