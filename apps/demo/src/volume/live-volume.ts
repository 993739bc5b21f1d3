/**
 * The volume, shared with all other tabs of the demo, with this tab's worker for it.
 *
 * Always true:
 * - `volume` is defined exactly while `phase` is 'open'
 * - this object owns its worker: `kill` ends it without any farewell, as a crash would
 * - nothing opens the volume before what closes or removes it has ended
 */
import { deleteStore } from 'varve/stores';
import { openVolume, type Volume } from 'varve/volume';
import { Emitter } from '../ui/emitter.ts';
import { PICTURE_BYTES, TILE_BYTES } from './tiles.ts';

export type VolumePhase = 'closed' | 'opening' | 'open' | 'down' | 'failed';

const NAME = 'demo-picture';
/** Room for the picture and for three times as much that only snapshots keep. */
const CAPACITY_BYTES = 4 * PICTURE_BYTES;
export class LiveVolume {
  readonly changed = new Emitter<void>();
  phase: VolumePhase = 'closed';
  volume: Volume | undefined;
  failure: unknown;
  /** From asking for the volume until it served, ms. */
  openedInMs = 0;
  #worker: Worker | undefined;
  #opening: Promise<Volume> | undefined;
  /** What must have ended before the volume may be opened. */
  #before: Promise<unknown> = Promise.resolve();

  /** Opens the volume, or returns it if it is open already. */
  open(): Promise<Volume> {
    if (this.volume !== undefined) return Promise.resolve(this.volume);
    this.#opening ??= this.#openAnew().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openAnew(): Promise<Volume> {
    this.#enter('opening');
    await this.#before;
    const startMs = performance.now();
    try {
      this.volume = await openVolume(NAME, {
        sizeBytes: PICTURE_BYTES,
        chunkSizeBytes: TILE_BYTES,
        capacityBytes: CAPACITY_BYTES,
        worker: () => {
          this.#worker = new Worker(new URL('../volume-worker.ts', import.meta.url), {
            type: 'module',
            name: 'varve volume',
          });
          return this.#worker;
        },
      });
    } catch (error) {
      this.failure = error;
      this.#enter('failed');
      throw error;
    }
    this.openedInMs = performance.now() - startMs;
    this.#enter('open');
    return this.volume;
  }

  /** Ends the worker as a crash would: nothing is flushed, nobody is told. */
  kill(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    // Closing hears that the worker is gone, and lets go of what the page still holds for it.
    this.#before = this.volume?.close().catch(() => undefined) ?? Promise.resolve();
    this.volume = undefined;
    this.#enter('down');
  }

  async close(): Promise<void> {
    const { volume } = this;
    this.volume = undefined;
    if (volume === undefined) return;
    const closed = volume.close();
    this.#before = closed.catch(() => undefined);
    this.#enter('closed');
    await closed;
  }

  /** Removes the volume with all its snapshots, and makes an empty one. */
  async startOver(): Promise<void> {
    const removed = this.close().then(() => deleteStore(NAME));
    this.#before = removed.catch(() => undefined);
    try {
      await removed;
    } finally {
      await this.open();
    }
  }

  #enter(phase: VolumePhase): void {
    this.phase = phase;
    this.changed.emit();
  }
}
