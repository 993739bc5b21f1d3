/**
 * What the volume view shows and does: the volume's picture, its snapshots, and one thing at a time
 * that happens to them.
 *
 * Always true:
 * - what changes the volume waits for what was asked before
 * - `now` is what was read from the volume, and what was drawn on it since; `past` the same of the
 *   snapshot that is shown
 * - a volume whose worker died is opened again and read whole; so is one that another tab has changed
 */
import type { CheckReport, Progress, Volume } from 'varve/volume';
import { Emitter } from '../ui/emitter.ts';
import { failureOf, sentenceOf } from '../ui/failure.ts';
import { duration, plural } from '../ui/format.ts';
import { scatterDrops } from './chance-strokes.ts';
import { crashTrial, type CrashVerdict } from './crash-trial.ts';
import { drawThumb, frameOf, type Frame } from './frame.ts';
import { paintLake, YEARS } from './lake.ts';
import type { LiveVolume } from './live-volume.ts';
import { readPicture, writeTiles } from './picture-io.ts';
import { freeName, nextName } from './snapshot-names.ts';
import { VolumeWatch } from './volume-watch.ts';
import { OtherTabs } from './other-tabs.ts';
import { TileSurface } from './tile-surface.ts';
import { fingerprintOf, hashesOf, PICTURE_PX } from './tiles.ts';

const SCATTERED = 64;
const YEAR_PAUSE_MS = 140;

/** After these the page's handle is of no use any more; the volume may be opened again. */
const GONE = new Set(['WORKER_DIED', 'CLOSED', 'POISONED', 'TIMEOUT']);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Easel {
  /** Anything that is shown changed. */
  readonly changed = new Emitter<void>();
  readonly said = new Emitter<string>();
  readonly live: LiveVolume;
  readonly now = new TileSurface();
  readonly past = new TileSurface();
  readonly watch: VolumeWatch;
  frames: readonly Frame[] = [];
  /** How far a deletion, a restore or a check has come. */
  progress: Progress | undefined;
  /** What is done with the whole volume; its buttons wait for that. */
  task: string | undefined;
  /** The volume is open, and was read. */
  isReady = false;
  #at = 0;
  #pastName: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #looking = false;
  readonly #otherTabs = new OtherTabs(() => this.#readAgain());

  constructor(live: LiveVolume) {
    this.live = live;
    this.watch = new VolumeWatch(() => live.volume);
    live.changed.on(() => {
      if (live.phase !== 'open') this.isReady = false;
      this.changed.emit();
    });
    this.watch.looked.on(() => this.changed.emit());
  }

  /** The position on the timeline; behind the last snapshot is now. */
  get at(): number {
    return this.#at;
  }

  /** The snapshot that is shown; undefined: now. */
  get shown(): Frame | undefined {
    return this.frames[this.#at];
  }

  /** What is to be seen and drawn on. A snapshot is seen when it was read. */
  get surface(): TileSurface {
    return this.shown !== undefined && this.shown.snapshot.name === this.#pastName
      ? this.past
      : this.now;
  }

  get fingerprint(): string {
    return fingerprintOf(this.surface.hashes);
  }

  /** Opens the volume and reads it. */
  async open(): Promise<void> {
    if (this.live.phase === 'open' || this.live.phase === 'opening') return;
    await this.#inTurn(async () => undefined);
  }

  /** Lets another tab have it. */
  close(): Promise<void> {
    return this.#alone('Closing', () => this.live.close());
  }

  /** Writes what was drawn on what is shown, as one atomic group. Of a busy volume it waits for the next. */
  async commit(): Promise<void> {
    if (this.task !== undefined) return;
    const { surface } = this;
    const name = surface === this.past ? this.#pastName : undefined;
    await this.#write(surface, name);
  }

  /** Draws into 64 chunks wherever they are, and writes them as one group. */
  async scatter(): Promise<void> {
    this.show(this.frames.length);
    scatterDrops(this.now, SCATTERED);
    await this.commit();
  }

  async take(name = nextName(this.#names)): Promise<void> {
    await this.#inTurn(async (volume) => {
      const startMs = performance.now();
      const snapshot = await volume.snapshot(name);
      const tookMs = performance.now() - startMs;
      const frame = frameOf(snapshot);
      drawThumb(frame, this.now);
      const wasNow = this.#at === this.frames.length;
      this.frames = [...this.frames, frame];
      if (wasNow) this.#at = this.frames.length;
      this.said.emit(
        `‘${name}’ taken in ${duration(tookMs)}: one small record, no chunk was copied.`,
      );
    }, true);
  }

  show(at: number): void {
    const next = Math.max(0, Math.min(this.frames.length, at));
    if (next === this.#at) return;
    this.#goTo(next);
    void this.#look();
  }

  restore(): Promise<void> {
    const frame = this.shown;
    if (frame === undefined) return Promise.resolve();
    const { name } = frame.snapshot;
    return this.#alone(`Restoring ‘${name}’`, async () => {
      await this.#inTurn(async (volume) => {
        const wanted = fingerprintOf(hashesOf(await readPicture(frame.snapshot)));
        const startMs = performance.now();
        await volume.restore(name, { onProgress: (progress) => this.#progressed(progress) });
        const tookMs = performance.now() - startMs;
        await this.#readNow();
        const found = fingerprintOf(this.now.hashes);
        const how = found === wanted ? 'byte for byte as it was' : 'NOT as it was';
        this.said.emit(`Restored ‘${name}’ in ${duration(tookMs)}: ${how}.`);
        this.#goTo(this.frames.length);
      }, true);
    });
  }

  remove(): Promise<void> {
    const frame = this.shown;
    if (frame === undefined) return Promise.resolve();
    const { name } = frame.snapshot;
    return this.#alone(`Deleting ‘${name}’`, async () => {
      await this.#inTurn(async (volume) => {
        const before = (await volume.status()).usedChunks;
        const startMs = performance.now();
        await volume.deleteSnapshot(name, {
          onProgress: (progress) => this.#progressed(progress),
        });
        const tookMs = performance.now() - startMs;
        const freed = before - (await volume.status()).usedChunks;
        this.said.emit(
          `Deleted ‘${name}’ in ${duration(tookMs)}: ${plural(freed, 'chunk was', 'chunks were')} its alone and ${freed === 1 ? 'is' : 'are'} free after the next checkpoint.`,
        );
        this.frames = this.frames.filter((each) => each !== frame);
        this.#goTo(this.frames.length);
      }, true);
    });
  }

  check(): Promise<CheckReport> {
    return this.#alone('Checking', () =>
      this.#inTurn((volume) =>
        volume.check({ onProgress: (progress) => this.#progressed(progress) }),
      ),
    );
  }

  checkpoint(): Promise<void> {
    return this.#alone('Checkpoint', async () => {
      await this.#inTurn(async (volume) => {
        const startMs = performance.now();
        await volume.checkpoint();
        this.said.emit(
          `Checkpoint in ${duration(performance.now() - startMs)}: nothing is left to replay, and what was in quarantine is free.`,
        );
      });
    });
  }

  /** Eight pictures, a snapshot of each. What is there now is kept in one, too. */
  paintYears(): Promise<void> {
    return this.#alone('Painting', async () => {
      this.show(this.frames.length);
      if (await this.#holdsSomethingNew()) await this.take();
      for (let year = 0; year < YEARS; year += 1) {
        paintLake(this.now.context, year);
        this.now.touch({ x: 0, y: 0 }, { x: PICTURE_PX, y: PICTURE_PX });
        await this.#write(this.now);
        await this.take(freeName(`year ${year + 1}`, this.#names));
        await pause(YEAR_PAUSE_MS);
      }
      this.said.emit(
        `${YEARS} years, a snapshot each. Drag the slider: only what differs was stored again.`,
      );
    });
  }

  /** The worker dies in the middle of strokes, and what is there then is judged. */
  crash(): Promise<CrashVerdict> {
    return this.#alone('Crashing', async () => {
      this.show(this.frames.length);
      return this.#inTurn(async (volume) => {
        const tell = (): void => this.watch.soon();
        const verdict = await crashTrial(this.live, volume, this.now, tell);
        await this.#load();
        return verdict;
      }, true);
    });
  }

  startOver(): Promise<void> {
    return this.#alone('Starting over', async () => {
      await this.#turn;
      await this.live.startOver();
      await this.#inTurn(() => this.#load());
      this.said.emit('A new volume, with nothing in it.');
    });
  }

  /** Runs `task` when all that was asked before has ended; then shows what there is. */
  #inTurn<T>(task: (volume: Volume) => Promise<T>, changes = false): Promise<T> {
    const result = this.#turn.then(() => this.#run(task, changes));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** The same for what nobody asked for: a volume that was closed meanwhile stays closed. */
  #besides(task: (volume: Volume) => Promise<void>): Promise<void> {
    const result = this.#turn.then(() =>
      this.live.volume === undefined ? undefined : this.#run(task),
    );
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #run<T>(task: (volume: Volume) => Promise<T>, changes = false): Promise<T> {
    const wasOpen = this.live.volume !== undefined;
    const volume = await this.live.open();
    if (!wasOpen) await this.#load();
    try {
      const result = await task(volume);
      this.watch.soon();
      if (changes) this.#otherTabs.tell();
      return result;
    } catch (error) {
      await this.#recover(error);
      throw error;
    }
  }

  /** What was drawn may not be what is there: it is read again. */
  async #recover(error: unknown): Promise<void> {
    const { code } = failureOf(error);
    // Who killed the worker looks after what comes then.
    if (this.live.phase === 'down') return;
    if (GONE.has(code)) this.live.kill();
    try {
      await this.live.open();
      await this.#load();
    } catch {
      // Shows in the phase.
    }
  }

  /** Another tab has changed something. */
  #readAgain(): void {
    if (this.isReady) this.#besides(() => this.#load()).catch(() => undefined);
  }

  async #alone<T>(task: string, run: () => Promise<T>): Promise<T> {
    if (this.task !== undefined) throw new Error(`${this.task} is under way.`);
    this.task = task;
    this.progress = undefined;
    this.changed.emit();
    try {
      return await run();
    } finally {
      this.task = undefined;
      this.progress = undefined;
      this.changed.emit();
    }
  }

  /** @param name of the snapshot that it is for; undefined: the volume itself */
  async #write(surface: TileSurface, name?: string): Promise<void> {
    const writes = surface.take();
    const { generation } = surface;
    if (writes.length === 0) return;
    await this.#inTurn(async (volume) => {
      // What was read again meanwhile shows nothing of it: so it is not to be.
      if (surface.generation !== generation) return;
      const frame = name === undefined ? undefined : this.#frameOf(name);
      const startMs = performance.now();
      await writeTiles(frame?.snapshot ?? volume, writes);
      const tookMs = performance.now() - startMs;
      if (frame !== undefined) drawThumb(frame, surface);
      const where = frame === undefined ? '' : ` in ‘${frame.snapshot.name}’ alone`;
      this.said.emit(
        `${plural(writes.length, 'chunk')}${where}, one atomic group, durable in ${duration(tookMs)}.`,
      );
    }, true);
  }

  /** Everything there is, read anew. */
  async #load(): Promise<void> {
    const volume = await this.live.open();
    const wasNow = this.shown === undefined;
    const snapshots = await volume.snapshots();
    this.frames = snapshots.map((snapshot) => {
      const known = this.#frameOf(snapshot.name);
      return known === undefined ? frameOf(snapshot) : { ...known, snapshot };
    });
    this.#pastName = undefined;
    this.#goTo(wasNow ? this.frames.length : Math.min(this.#at, this.frames.length));
    await this.#readNow();
    this.isReady = true;
    this.watch.soon();
    void this.#look();
    void this.#drawThumbs();
  }

  async #readNow(): Promise<void> {
    const picture = await readPicture(await this.live.open());
    this.now.load(picture);
  }

  /** Reads the snapshot that is shown; while one is read the slider may have gone on. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (let frame = this.shown; frame !== undefined; frame = this.shown) {
        const { snapshot } = frame;
        if (snapshot.name === this.#pastName || this.live.volume === undefined) break;
        await this.#besides(async () => {
          // By the time it is this one's turn the handle may be a newer one, or the snapshot gone.
          const current = this.#frameOf(snapshot.name);
          if (current === undefined) return;
          this.past.load(await readPicture(current.snapshot));
          this.#pastName = snapshot.name;
        });
      }
    } catch (error) {
      this.said.emit(sentenceOf(error));
    } finally {
      this.#looking = false;
    }
  }

  async #drawThumbs(): Promise<void> {
    const reading = new TileSurface();
    for (const { snapshot } of this.frames.filter(({ isDrawn }) => !isDrawn)) {
      await this.#besides(async () => {
        const frame = this.#frameOf(snapshot.name);
        if (frame === undefined || frame.isDrawn) return;
        reading.load(await readPicture(frame.snapshot));
        drawThumb(frame, reading);
      }).catch(() => undefined);
    }
  }

  async #holdsSomethingNew(): Promise<boolean> {
    if (this.watch.map.every(({ origin }) => origin === 'hole')) return false;
    const last = this.frames.at(-1)?.snapshot.name;
    if (last === undefined) return true;
    const volume = await this.live.open();
    for await (const _ of volume.diff(last)) return true;
    return false;
  }

  #goTo(at: number): void {
    this.#at = at;
    if (this.shown === undefined) this.#pastName = undefined;
    this.watch.compareWith(this.shown?.snapshot.name);
    this.changed.emit();
  }

  get #names(): string[] {
    return this.frames.map(({ snapshot }) => snapshot.name);
  }

  #frameOf(name: string): Frame | undefined {
    return this.frames.find(({ snapshot }) => snapshot.name === name);
  }

  #progressed(progress: Progress): void {
    this.progress = progress;
    this.changed.emit();
  }
}
