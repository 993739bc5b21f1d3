/**
 * What the volume says of itself: status, map, metadata, locks, and where a snapshot differs from it.
 *
 * Always true: one look is under way at most; what changes meanwhile is looked at once more.
 */
import type { VolumeLayout } from '@varve/protocol';
import { layoutOf } from '@varve/volume/inspect';
import type { ChunkState, Volume, VolumeStatus } from 'varve/volume';
import { Emitter } from '../ui/emitter.ts';
import { type HeldLocks, heldLocks } from './inside/held-locks.ts';
import { TILE_BYTES, TILES } from './tiles.ts';

const NOTHING: ReadonlySet<number> = new Set();

export class VolumeWatch {
  readonly looked = new Emitter<void>();
  status: VolumeStatus | undefined;
  map: readonly ChunkState[] = [];
  layout: VolumeLayout | undefined;
  webLocks: HeldLocks | undefined;
  /** Tiles in which the snapshot that is shown differs from the volume. */
  differs = NOTHING;
  diffMs = 0;
  readonly #volume: () => Volume | undefined;
  #compared: string | undefined;
  #hasNews = false;
  #isLooking = false;

  /** @param volume undefined while it is not open: what was seen last stays */
  constructor(volume: () => Volume | undefined) {
    this.#volume = volume;
  }

  /** From here on this snapshot is compared with the volume; undefined: none is. */
  compareWith(name: string | undefined): void {
    if (name === this.#compared) return;
    this.#compared = name;
    this.differs = NOTHING;
    this.soon();
  }

  soon(): void {
    this.#hasNews = true;
    if (!this.#isLooking) void this.#look();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#hasNews) {
      this.#hasNews = false;
      // A volume that went away is looked at again when it is back.
      await this.#ask().catch(() => undefined);
      this.looked.emit();
    }
    this.#isLooking = false;
  }

  async #ask(): Promise<void> {
    const volume = this.#volume();
    if (volume === undefined) return;
    const [status, metadata, webLocks] = await Promise.all([
      volume.status(),
      volume.metadata(),
      heldLocks(volume.name),
    ]);
    this.status = status;
    this.layout = layoutOf(metadata);
    this.webLocks = webLocks;
    // Of a map with a damaged block nothing is told here: the layout says which block it is.
    this.map = await volume.map(0, TILES);
    const name = this.#compared;
    if (name === undefined) return;
    const startMs = performance.now();
    const differs = new Set<number>();
    for await (const { at, length } of volume.diff(name)) {
      for (let byte = at; byte < at + length; byte += TILE_BYTES) differs.add(byte / TILE_BYTES);
    }
    if (name !== this.#compared) return;
    this.diffMs = performance.now() - startMs;
    this.differs = differs;
  }
}
