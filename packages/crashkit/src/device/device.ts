/**
 * A machine whose storage can lose power, fail and rot; programs run on its directory.
 *
 * Always true:
 * - every operation that could change what a crash leaves behind has a number: 1, 2, 3 …
 * - what was acknowledged when `opCount` was c is owed by every image with `op` > c
 * - equal seeds and equal calls give equal images under equal ids
 * - an image is a machine of its own: nothing done to it is seen by any other
 */
import type { Host } from '@varve/files';
import {
  flipBit,
  makeStale,
  overwrite,
  shrinkImage,
  SimulatedDisk,
  swapBlocks,
  type DiskImage,
  type FaultRule,
  type ImagesOptions,
  type InjectedFault,
  type Profile,
} from '@varve/files/simulated';
import { DirectoryHandle } from './directory-handle.ts';
import { explainCrash } from './explain.ts';

export interface DeviceOptions {
  /** Where random choices come from. Default 1. */
  readonly seed?: number;
  /** What a crash may do to bytes that no flush settled. Default `power`. */
  readonly profile?: Profile;
  /** Bytes that persist or not as a whole. Default: the profile's. */
  readonly atomBytes?: 512 | 4096;
  /** All files together may hold this much; growth beyond it throws QuotaExceededError. */
  readonly quotaBytes?: number;
  /** A name made this long ago is taken for persisted: see {@link Device.advance}. Default 60,000. */
  readonly nameAgeMs?: number;
}

export interface BootOptions {
  /** How *this* machine may crash. Default: as the one before. */
  readonly profile?: Profile;
  /** Keeps what is done on it, so that it has images of its own. Default false. */
  readonly record?: boolean;
}

/** One legal state of the storage after a crash. */
export interface Image {
  /** Gives this image again: `device.image(id)` after an equal run. */
  readonly id: string;
  /** The operation that did not return; one past the last when none was in flight. */
  readonly op: number;
  /** A new machine with this storage, as if just booted: no handle is held. */
  boot(options?: BootOptions): Device;
  /** The root of a machine booted for this call. */
  directory(): Promise<DirectoryHandle>;
  /** What the crash took and what it kept, a line each. */
  explain(): string[];
}

export class Device {
  readonly #disk: SimulatedDisk;

  /** Made by {@link createDevice}, or by booting an image. */
  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  get profile(): Profile {
    return this.#disk.profile;
  }

  /** Operations so far. */
  get opCount(): number {
    return this.#disk.opCount;
  }

  get crashed(): boolean {
    return this.#disk.crashed;
  }

  get quotaBytes(): number {
    return this.#disk.limitBytes;
  }

  /** May be moved at any time, also below what is stored. */
  set quotaBytes(bytes: number) {
    this.#disk.limitBytes = bytes;
  }

  /** The root: `navigator.storage.getDirectory = () => device.directory()`. */
  async directory(): Promise<DirectoryHandle> {
    return new DirectoryHandle({ disk: this.#disk, folder: '', name: '' });
  }

  /** The same machine for code on Varve's file port, with its clock, timers and locks. */
  host(): Host {
    return this.#disk.host();
  }

  /**
   * Lets time pass. No flush makes a name durable (no browser has a call for that), only time:
   * without this, one legal outcome of every crash is that a young file is gone, name and all.
   */
  advance(ms: number): void {
    this.#disk.advance(ms);
  }

  /** Faults to come; a path is `folder/file`. */
  inject(rule: FaultRule): InjectedFault {
    return this.#disk.inject(rule);
  }

  /** Loses power inside operation `op`: it and all that follow throw `SimulatedCrash`. */
  crashAt(op: number): void {
    this.#disk.crashAt(op);
  }

  /** The user clears the site's data. Open handles go on working, as they do in browsers. */
  clearSiteData(): void {
    this.#disk.clearSiteData({ witness: true });
  }

  /** Every legal state after a crash, lazily: of every operation, unless told otherwise. */
  *images(options: ImagesOptions = {}): Generator<Image> {
    for (const image of this.#disk.images({ crashAt: 'every-op', ...options })) {
      yield this.#imageOf(image);
    }
  }

  /** The image of this id. @throws when this run was not equal to the one that the id is from */
  image(id: string): Image {
    return this.#imageOf(this.#disk.image(id));
  }

  /** An equal machine, restarted in an orderly way: nothing is lost, nothing is held open. */
  reboot(options: BootOptions = {}): Device {
    return new Device(this.#disk.fork({ record: false, ...options }));
  }

  /**
   * The image of the same crash that still fails and in which least persisted.
   *
   * @param triesMax how often `fails` may be asked; then the least so far is taken. Default 500
   */
  async shrink(
    image: Image,
    fails: (image: Image) => Promise<boolean>,
    triesMax = 500,
  ): Promise<Image> {
    let tries = 0;
    const smallest = await shrinkImage(this.#disk, this.#disk.image(image.id), async (smaller) => {
      tries += 1;
      return tries <= triesMax && fails(this.#imageOf(smaller));
    });
    return this.#imageOf(smallest);
  }

  /** The whole of a file, as reads would show it. */
  peek(path: string): Uint8Array {
    return this.#disk.peek(path);
  }

  /** Bit rot: turns one bit over. */
  flipBit(path: string, bit: number): void {
    flipBit(this.#disk, path, bit);
  }

  /** A range becomes zeros, ones, or noise by seed. */
  overwrite(
    path: string,
    range: { at: number; length: number },
    content: 'zeros' | 'ones' | { readonly seed: number },
  ): void {
    overwrite(this.#disk, path, range, content);
  }

  /** Two misdirected writes: each block holds what belongs into the other. */
  swapBlocks(path: string, blocks: { a: number; b: number; blockBytes: number }): void {
    swapBlocks(this.#disk, path, blocks);
  }

  /** A lost write: a block holds again what it held in `earlier`, a `peek` of before. */
  makeStale(path: string, earlier: Uint8Array, block: { index: number; blockBytes: number }): void {
    makeStale(this.#disk, path, earlier, block);
  }

  #imageOf(image: DiskImage): Image {
    const boot = (options?: BootOptions): Device => new Device(image.disk(options));
    return {
      id: image.id,
      op: image.op,
      boot,
      directory: () => boot().directory(),
      explain: () => explainCrash(this.#disk, image),
    };
  }
}

/** An empty machine. */
export function createDevice(options: DeviceOptions = {}): Device {
  const { quotaBytes, ...rest } = options;
  return new Device(
    new SimulatedDisk(quotaBytes === undefined ? rest : { ...rest, limitBytes: quotaBytes }),
  );
}
