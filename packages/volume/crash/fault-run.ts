/**
 * Random calls while reads, writes and flushes of any of the three files fail: what was refused did
 * not happen, what may have happened is looked up, and the volume serves on, or says that it is over.
 */
import type { Host } from '@varve/files';
import {
  type FaultRule,
  type Profile,
  SeededRandom,
  seedOf,
  SimulatedDisk,
} from '@varve/files/simulated';
import { isVarveError, VarveError } from '@varve/protocol';
import { type AtomicOp, openVolume, type Volume, type VolumeOptions } from '../src/index.ts';
import { assertEqual, Differs } from './equal.ts';
import { Model } from './model.ts';
import { ending } from './oracle.ts';
import { soon } from './timers.ts';

const CHUNK = 512;
const PROFILES: readonly Profile[] = ['fsync-fail-keep', 'fsync-fail-revert', 'power'];

export interface FaultFigures {
  calls: number;
  strikes: number;
  refused: number;
  unknown: number;
  reloads: number;
  reopened: number;
}

export async function faultRun(seed: number, calls = 40): Promise<FaultFigures> {
  const run = new FaultRun(seed);
  try {
    await ending(run.run(calls));
  } catch (cause) {
    const what = cause instanceof Error ? cause.stack : String(cause);
    throw new Error(`seed ${seed}, call ${run.figures.calls} (${run.last}): ${what}`, { cause });
  }
  return run.figures;
}

class FaultRun {
  readonly figures: FaultFigures = {
    calls: 0,
    strikes: 0,
    refused: 0,
    unknown: 0,
    reloads: 0,
    reopened: 0,
  };
  last = '';
  private readonly random: SeededRandom;
  private readonly disk: SimulatedDisk;
  private readonly host: Host;
  private readonly options: VolumeOptions;
  private model: Model;
  private volume!: Volume;
  private serial = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seedOf(seed, 'faults'));
    this.disk = new SimulatedDisk({ seed, profile: this.pick(PROFILES), record: false });
    this.host = { ...this.disk.host(), timers: soon };
    const chunks = 4 + this.random.below(24);
    this.options = {
      chunkSizeBytes: CHUNK,
      sizeBytes: chunks * CHUNK,
      segmentSizeBytes: 4_096,
      checkpointEveryBytes: this.pick([3_000, 20_000]),
      directBytes: this.pick([CHUNK, 3 * CHUNK]),
      stepExceptions: this.pick([1, 256]),
      cacheBytes: 0,
    };
    this.model = new Model(chunks * CHUNK);
  }

  private pick<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)]!;
  }

  async run(calls: number): Promise<void> {
    await this.open();
    this.disk.advance(61_000);
    for (let call = 0; call < calls; call++) {
      await this.call();
      this.figures.calls++;
    }
    await this.recover();
    await assertEqual(this.volume, this.model);
    // Only what was flushed is left.
    const after = this.disk.powerCut('none');
    const { sizeBytes: _, ...options } = this.options;
    const reopened = await openVolume({ ...after.host(), timers: soon }, 'v', options);
    await assertEqual(reopened, this.model);
    reopened.abandon();
    this.volume.abandon();
  }

  private async open(): Promise<void> {
    this.volume = await openVolume(this.host, 'v', this.options, (event) => {
      if (event.type === 'reloaded') this.figures.reloads++;
    });
  }

  private fault(): FaultRule {
    const on = this.pick(['read', 'write', 'flush', 'flush', 'grow'] as const);
    const path = this.pick(['v/data', 'v/meta', 'v/journal']);
    const isShort = (on === 'read' || on === 'write') && this.random.below(3) === 0;
    const throws = on === 'grow' ? 'no-space' : 'io';
    const effect = isShort ? ({ short: 'half' } as const) : ({ throws } as const);
    return { on, path, effect, skip: this.random.below(3), sticky: this.random.below(6) === 0 };
  }

  private op(view: string | undefined): AtomicOp {
    const size = this.model.view(view).length;
    const at = this.random.below(size);
    const length = Math.min(size - at, this.random.below(2_500));
    if (this.random.below(5) === 0) return { trim: { at, length } };
    return { write: { at, bytes: new Uint8Array(length).fill(1 + this.random.below(255)) } };
  }

  /** Writes of one turn, onto the same chunks: what one of them leaves depends on those before it. */
  private async together(): Promise<void> {
    const rule = this.random.below(2) === 0 ? this.fault() : undefined;
    const injected = rule && this.disk.inject({ ...rule, path: 'v/journal' });
    const at = this.random.below(this.model.origin.length - CHUNK);
    const ops = Array.from({ length: 3 }, (_, index): AtomicOp => {
      const length = 1 + this.random.below(CHUNK);
      const bytes = new Uint8Array(length).fill(1 + this.random.below(255));
      return { write: { at: Math.max(0, at - index * 20), bytes } };
    });
    this.last = `three writes at ${at}`;
    const outcomes = await Promise.all(
      ops.map((op) =>
        this.volume.atomic([op]).then(
          () => 'done' as const,
          (error: unknown) => {
            if (!isVarveError(error)) throw error;
            return error.outcome ?? 'unknown';
          },
        ),
      ),
    );
    this.last += ` (${outcomes.join(', ')})`;
    this.figures.strikes += injected?.strikes ?? 0;
    injected?.cancel();
    let candidates = [this.model];
    ops.forEach((op, index) => {
      const outcome = outcomes[index];
      if (outcome === 'not-written') {
        this.figures.refused++;
        return;
      }
      const changed = candidates.map((model) => {
        const copy = model.copy();
        copy.atomic([op]);
        return copy;
      });
      if (outcome === 'unknown') this.figures.unknown++;
      candidates = outcome === 'unknown' ? [...candidates, ...changed] : changed;
    });
    await this.recover();
    for (const candidate of candidates) {
      this.model = candidate;
      if (await this.isEqual(candidate)) return;
    }
    throw new Differs(`none of ${candidates.length} states`);
  }

  private async call(): Promise<void> {
    if (this.random.below(5) === 0) return this.together();
    const injected = this.random.below(3) === 0 ? this.disk.inject(this.fault()) : undefined;
    const kind = this.random.below(100);
    const names = [...this.model.snapshots.keys()];
    const name = names.length === 0 ? undefined : this.pick(names);
    const before = this.model.copy();
    const after = this.model.copy();
    let task: () => Promise<unknown>;
    if (kind < 55 || (name === undefined && kind >= 75)) {
      const view = this.random.below(3) === 0 ? name : undefined;
      const ops = Array.from({ length: 1 + this.random.below(3) }, () => this.op(view));
      this.last = `atomic on ${view ?? 'the origin'}`;
      after.atomic(ops, view);
      task = () => this.volume.atomic(ops, view === undefined ? {} : { view });
    } else if (kind < 75) {
      const fresh = `s${this.serial++}`;
      this.last = `snapshot ${fresh}`;
      after.snapshot(fresh);
      task = () => this.volume.snapshot(fresh);
    } else if (kind < 83) {
      this.last = `delete ${name}`;
      after.snapshots.delete(name!);
      task = () => this.volume.deleteSnapshot(name!);
    } else if (kind < 88) {
      this.last = `restore ${name}`;
      after.restore(name!);
      task = () => this.volume.restore(name!);
    } else {
      this.last = 'checkpoint';
      task = () => this.volume.checkpoint();
    }
    let outcome: 'done' | 'not-written' | 'unknown' = 'done';
    try {
      await task();
    } catch (error) {
      if (!(error instanceof VarveError)) throw error;
      outcome = error.outcome ?? 'unknown';
      this.last += ` (${error.code}, ${outcome})`;
    }
    this.figures.strikes += injected?.strikes ?? 0;
    injected?.cancel();
    this.model = outcome === 'not-written' ? before : after;
    if (outcome === 'not-written') this.figures.refused++;
    await this.recover();
    if (outcome === 'unknown') {
      this.figures.unknown++;
      if (await this.isEqual(before)) this.model = before;
    }
    await assertEqual(this.volume, this.model, false);
  }

  private async isEqual(model: Model): Promise<boolean> {
    try {
      await assertEqual(this.volume, model, false);
      return true;
    } catch (error) {
      if (error instanceof Differs) return false;
      throw error;
    }
  }

  /** Waits until the volume serves again; opens it again when it has given up. */
  private async recover(): Promise<void> {
    for (let attempt = 0; attempt < 4; attempt++) {
      try {
        await this.volume.flush();
        return;
      } catch (error) {
        if (!isVarveError(error)) throw error;
        if (this.volume.status().state !== 'failed') continue;
        this.figures.reopened++;
        await this.open();
      }
    }
    throw new Differs('the volume does not come back');
  }
}
