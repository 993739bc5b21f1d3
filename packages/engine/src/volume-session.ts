/**
 * One client's open volume, through parking and coming back.
 *
 * Always true:
 * - `#volume` is set exactly while the lock and the handles are ours
 * - what comes back after parking is the very volume that was parked, or STORE_LOST: never a fresh one
 * - opening, parking and closing never overlap: each waits for the one before
 * - after `close` nothing opens the volume again
 */
import type { HeldLock, Host } from '@varve/files';
import type { VolumePlace, VolumeStatus } from '@varve/protocol';
import { VarveError, badArgument, isVarveError, wrongPlace } from '@varve/protocol';
import type { Volume, VolumeOptions } from '@varve/volume';
import { takeStore } from './leadership.ts';
import type { EngineServices, VolumeServices } from './services.ts';

const BUSY_TIMEOUT_MS = 5_000;

interface Opened {
  readonly name: string;
  readonly host: Host;
  readonly options: VolumeOptions & VolumePlace;
  /** The store it is in, once it was opened. */
  seedId?: string;
}

export class VolumeSession {
  readonly #services: EngineServices & VolumeServices;
  #opened: Opened | undefined;
  #volume: Volume | undefined;
  #lock: HeldLock | undefined;
  /** Why no call can succeed any more. */
  #ended: VarveError | undefined;
  #transition: Promise<unknown> = Promise.resolve();

  constructor(services: EngineServices & VolumeServices) {
    this.#services = services;
  }

  open(name: string, given: object): Promise<VolumeStatus> {
    return this.#next(async () => {
      this.#check();
      if (this.#opened !== undefined) throw new VarveError('BAD_MESSAGE', 'open was called twice');
      const wrong = wrongPlace(given);
      if (wrong !== undefined) throw badArgument(wrong, 'as documented');
      return (await this.#openSomewhere(name, given)).status();
    });
  }

  /**
   * Runs `task` with the volume, taken back first if it was parked. What parking cut short is begun
   * again, unless nobody knows whether it happened: nobody has closed the volume.
   */
  async with<T>(task: (volume: Volume) => T | Promise<T>): Promise<T> {
    for (;;) {
      const volume = await this.#use();
      try {
        return await task(volume);
      } catch (error) {
        const wasCutShort = isVarveError(error, 'CLOSED') && error.outcome !== 'unknown';
        if (!wasCutShort || this.#volume === volume) throw error;
      }
    }
  }

  #use(): Promise<Volume> {
    if (this.#volume !== undefined) return Promise.resolve(this.#volume);
    return this.#next(async () => {
      this.#check();
      if (this.#opened === undefined) throw new VarveError('BAD_MESSAGE', 'openVolume comes first');
      return this.#volume ?? this.#take(this.#opened);
    });
  }

  /** Gives lock and handles back, cleanly; the next call takes them again. */
  park(): Promise<void> {
    return this.#next(() => this.#giveBack());
  }

  close(): Promise<void> {
    return this.#next(async () => {
      this.#ended ??= new VarveError('CLOSED', undefined, { outcome: 'not-written' });
      await this.#giveBack();
    });
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#transition.then(step);
    this.#transition = result.catch(() => undefined);
    return result;
  }

  #check(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }

  /** On durable storage, or in memory where that is refused and the client agreed to it. */
  async #openSomewhere(name: string, options: Opened['options']): Promise<Volume> {
    try {
      return await this.#openOn(await this.#services.durableHost(), name, options);
    } catch (error) {
      const refused = await this.#services.refusal(error);
      if (refused === undefined) throw error;
      if (options.fallback !== 'memory') throw refused;
      return this.#openOn(this.#services.memoryHost(), name, options);
    }
  }

  async #openOn(host: Host, name: string, options: Opened['options']): Promise<Volume> {
    const opened: Opened = { name, host, options };
    const volume = await this.#take(opened);
    this.#opened = opened;
    return volume;
  }

  async #take(opened: Opened): Promise<Volume> {
    const { name, host, options } = opened;
    const timeoutMs = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS;
    const { lock, value: volume } = await takeStore(host, name, timeoutMs, () =>
      this.#openFiles(opened),
    );
    this.#lock = lock;
    this.#volume = volume;
    opened.seedId = volume.status().store.seedId;
    void lock.lost.then(() => this.#deposed(lock));
    return volume;
  }

  async #openFiles({ name, host, options, seedId }: Opened): Promise<Volume> {
    const { openVolume } = this.#services;
    if (seedId === undefined) return openVolume(host, name, options);
    const lost = (cause?: unknown): VarveError =>
      (this.#ended = new VarveError('STORE_LOST', 'the files vanished while it was parked', {
        facts: { store: name },
        outcome: 'not-written',
        cause,
      }));
    const volume = await openVolume(host, name, { ...options, create: false }).catch(
      (error: unknown) => {
        const isGone = isVarveError(error, 'NOT_FOUND') || isVarveError(error, 'STORE_LOST');
        throw isGone ? lost(error) : error;
      },
    );
    if (volume.status().store.seedId === seedId) return volume;
    volume.abandon();
    throw lost();
  }

  async #giveBack(): Promise<void> {
    const volume = this.#volume;
    const lock = this.#lock;
    this.#volume = undefined;
    this.#lock = undefined;
    try {
      await volume?.close();
      // Who hears that it was given back may open it.
      await this.#opened?.host.closed?.();
    } finally {
      lock?.release();
    }
  }

  /** The lock went to somebody else: whatever we would still write could harm the new owner. */
  #deposed(lock: HeldLock): void {
    if (this.#lock !== lock) return;
    this.#volume?.abandon();
    this.#volume = undefined;
    this.#lock = undefined;
    this.#ended ??= new VarveError('LEADER_LOST', 'another tab took the volume over', {
      outcome: 'not-written',
    });
  }
}
