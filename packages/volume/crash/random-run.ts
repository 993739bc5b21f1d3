/**
 * Random operations on a volume and the model, compared after every one. Equal seeds, equal runs.
 */
import type { Host } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { SeededRandom, seedOf } from '@varve/files/simulated';
import { isVarveError } from '@varve/protocol';
import { type AtomicOp, openVolume, type Volume, type VolumeOptions } from '../src/index.ts';
import { assertClean, assertEqual, assertIdle, assertView, Differs } from './equal.ts';
import { Model } from './model.ts';
import { atOnce } from './timers.ts';

const CHUNK = 512;

export interface RunFigures {
  operations: number;
  snapshotsMost: number;
  reopened: number;
  abandoned: number;
  fulls: number;
  checkpoints: number;
}

export class RandomRun {
  readonly figures: RunFigures = {
    operations: 0,
    snapshotsMost: 0,
    reopened: 0,
    abandoned: 0,
    fulls: 0,
    checkpoints: 0,
  };
  readonly log: string[] = [];
  private readonly random: SeededRandom;
  private readonly host: Host;
  private readonly options: VolumeOptions;
  private readonly snapshotsMax: number;
  private model: Model;
  private volume!: Volume;
  private serial = 0;
  private pending: Promise<unknown>[] = [];

  constructor(seed: number, host: Host = createMemoryHost({ timers: atOnce })) {
    this.host = host;
    this.random = new SeededRandom(seedOf(seed, 'volume'));
    const chunks = 8 + this.random.below(120);
    this.snapshotsMax = this.pick([3, 8, 64]);
    this.options = {
      sizeBytes: chunks * CHUNK - this.random.below(CHUNK),
      chunkSizeBytes: CHUNK,
      segmentSizeBytes: 16_384,
      checkpointEveryBytes: this.pick([4_096, 32_768, 1_048_576]),
      directBytes: this.pick([CHUNK, 4 * CHUNK, 64 * CHUNK]),
      cacheBytes: 0,
      stepExceptions: this.pick([1, 3, 256]),
      dedup: this.random.below(3) === 0,
      ...(this.random.below(3) === 0 && { capacityBytes: chunks * CHUNK * 2 }),
    };
    this.model = new Model(this.options.sizeBytes!);
  }

  async run(operations: number): Promise<void> {
    this.volume = await openVolume(this.host, 'v', this.options);
    for (let index = 0; index < operations; index++) {
      await this.step();
      this.figures.operations++;
      this.figures.snapshotsMost = Math.max(this.figures.snapshotsMost, this.model.snapshots.size);
      await assertClean(this.volume, index % 8 === 0);
      if (index % 8 === 0) await assertEqual(this.volume, this.model, false);
      else await assertView(this.volume, undefined, this.model.origin);
    }
    await Promise.all(this.pending);
    await assertEqual(this.volume, this.model);
    await assertIdle(this.volume);
    await this.volume.close();
  }

  private pick<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)]!;
  }

  private viewName(): string | undefined {
    const names = [...this.model.snapshots.keys()];
    return names.length === 0 || this.random.below(3) > 0 ? undefined : this.pick(names);
  }

  private someBytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    // Few different contents, so that deduplication finds some.
    if (this.random.below(2) === 0) bytes.fill(1 + this.random.below(4));
    else this.random.fill(bytes);
    return bytes;
  }

  private op(size: number): AtomicOp {
    const isAligned = this.random.below(2) === 0;
    const unit = isAligned ? CHUNK : 1;
    const units = Math.max(1, Math.floor(size / unit));
    const longest = this.random.below(4) === 0 ? units : isAligned ? 4 : 1_500;
    const at = this.random.below(units) * unit;
    const length = Math.min(size - at, this.random.below(longest + 1) * unit);
    return this.random.below(4) === 0
      ? { trim: { at, length } }
      : { write: { at, bytes: this.someBytes(length) } };
  }

  private async step(): Promise<void> {
    const kind = this.random.below(100);
    this.log.push(String(kind));
    if (kind < 45) await this.change(1);
    else if (kind < 55) await this.change(2 + this.random.below(6));
    else if (kind < 62) await this.manyAtOnce();
    else if (kind < 72) await this.snapshot();
    else if (kind < 79) await this.deleteSnapshot();
    else if (kind < 82) await this.restore();
    else if (kind < 85) await this.resize();
    else if (kind < 88) await this.volume.checkpoint();
    else if (kind < 92) this.diff();
    else if (kind < 95) await this.reopen(true);
    else await this.reopen(false);
  }

  private async change(count: number): Promise<void> {
    const view = this.viewName();
    const size = this.model.view(view).length;
    const ops = Array.from({ length: count }, () => this.op(size));
    await this.tolerant(async () => {
      await this.volume.atomic(ops, view === undefined ? {} : { view });
      this.model.atomic(ops, view);
    });
  }

  /** Several calls in one turn: what they do is seen in their order, at once. */
  private async manyAtOnce(): Promise<void> {
    const before = this.model.copy();
    const calls = Array.from({ length: 2 + this.random.below(8) }, () => {
      const view = this.viewName();
      return { view, op: this.op(this.model.view(view).length) };
    });
    const promises = calls.map(({ view, op }) => {
      const options = view === undefined ? {} : { view };
      const promise =
        'write' in op
          ? this.volume.write(op.write.at, op.write.bytes, options)
          : this.volume.trim(op.trim.at, op.trim.length, options);
      return promise.then(
        () => true,
        (error: unknown) => {
          if (isVarveError(error, 'VOLUME_FULL')) return false;
          throw error;
        },
      );
    });
    const results = await Promise.all(promises);
    this.model = before;
    calls.forEach(({ view, op }, index) => {
      if (results[index] === true) this.model.atomic([op], view);
      else this.figures.fulls++;
    });
  }

  private async tolerant(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (!isVarveError(error, 'VOLUME_FULL')) throw error;
      this.figures.fulls++;
    }
  }

  private async snapshot(): Promise<void> {
    // Where there may be many, they come in crowds.
    const crowd = this.snapshotsMax > 8 ? 1 + this.random.below(16) : 1;
    for (let index = 0; index < crowd; index++) await this.oneSnapshot();
  }

  private async oneSnapshot(): Promise<void> {
    if (this.model.snapshots.size >= this.snapshotsMax) return;
    const name = `s${this.serial++}`;
    try {
      await this.volume.snapshot(name);
      this.model.snapshot(name);
    } catch (error) {
      // The bits of those that are being deleted are not free yet.
      if (!isVarveError(error, 'SNAPSHOT_LIMIT')) throw error;
    }
  }

  private async deleteSnapshot(): Promise<void> {
    const names = [...this.model.snapshots.keys()];
    if (names.length === 0) return;
    const name = this.pick(names);
    const deleted = this.volume.deleteSnapshot(name);
    this.model.snapshots.delete(name);
    if (this.random.below(2) === 0) await deleted;
    else {
      // It goes on while other things happen, and after the volume was left.
      this.pending.push(
        deleted.catch((error: unknown) => {
          if (!isVarveError(error, 'CLOSED')) throw error;
        }),
      );
      await this.volume.flush();
    }
  }

  private async restore(): Promise<void> {
    const names = [...this.model.snapshots.keys()];
    if (names.length === 0) return;
    const name = this.pick(names);
    const restored = this.volume.restore(name);
    this.model.restore(name);
    // From the call on, long before the maps are settled.
    await assertView(this.volume, undefined, this.model.origin);
    if (this.random.below(2) === 0) await restored;
    else {
      this.pending.push(
        restored.catch((error: unknown) => {
          if (!isVarveError(error, 'CLOSED')) throw error;
        }),
      );
      await this.volume.flush();
    }
  }

  private async resize(): Promise<void> {
    const most = this.options.sizeBytes! * 1.5;
    const size = this.random.below(Math.floor(most));
    await this.tolerant(async () => {
      await this.volume.resize(size);
      this.model.resize(size);
    });
  }

  private diff(): void {
    const [from, to] = [this.viewName(), this.viewName()];
    const fault = this.model.diffFault(from, to, [...this.volume.diff(from, to)]);
    if (fault !== '') throw new Differs(`diff: ${fault}`);
  }

  private async reopen(isClean: boolean): Promise<void> {
    this.figures.checkpoints += this.volume.status().counters.checkpoints;
    if (isClean) await this.volume.close();
    else this.volume.abandon();
    await Promise.all(this.pending);
    this.pending = [];
    const { sizeBytes: _, ...options } = this.options;
    this.volume = await openVolume(this.host, 'v', options);
    this.figures[isClean ? 'reopened' : 'abandoned']++;
    await assertEqual(this.volume, this.model, false);
  }
}

/** @throws what went wrong, with the seed that shows it again */
export async function randomRun(seed: number, operations: number): Promise<RunFigures> {
  const run = new RandomRun(seed);
  try {
    await run.run(operations);
  } catch (cause) {
    const at = run.figures.operations;
    throw new Error(`seed ${seed}, operation ${at} (${run.log.slice(-3).join(' ')}): ${cause}`, {
      cause,
    });
  }
  return run.figures;
}
