/** A share of the fuzz lane: inputs by number, in blocks that each have a seed of their own. */
import { SeededRandom, seedOf } from '@varve/files/simulated';
import { goldenStores } from '../damage/golden.ts';
import { AllocationMeter } from './allocations.ts';
import { messageTargets } from './messages.ts';
import { storeTargets } from './stores.ts';
import { structureTargets } from './structures.ts';
import type { FuzzTarget } from './target.ts';

export interface FuzzTask {
  readonly target: string;
  readonly block: number;
  readonly inputs: number;
}

export interface FuzzFound {
  readonly inputs: number;
  readonly slowestMs: number;
  /** Most bytes that an input made the decoder reserve at once. */
  readonly reservedMax: number;
  readonly failures: readonly string[];
}

const BLOCK = 2_000;
const FAILURES_MAX = 10;
/** An input that takes this long is one without end. */
const SLOW_MS = 5_000;

/** Targets of everything below the page. */
export async function journalTargets(): Promise<FuzzTarget[]> {
  const stores = await goldenStores();
  return [...structureTargets(stores[0]!), ...messageTargets(), ...storeTargets(stores)];
}

/** About so many inputs in all, shared among the targets; a run that is stopped has seen them all. */
export function fuzzTasks(targets: readonly FuzzTarget[], inputs: number): FuzzTask[] {
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  const tasks = targets.flatMap(({ name, share }) => {
    const wanted = Math.max(1, Math.ceil((inputs * share) / shares));
    const blocks = Math.ceil(wanted / BLOCK);
    return Array.from({ length: blocks }, (_, block) => ({
      task: { target: name, block, inputs: Math.min(BLOCK, wanted - block * BLOCK) },
      when: (block + 1) / blocks,
    }));
  });
  return tasks.sort((a, b) => a.when - b.when).map(({ task }) => task);
}

export class FuzzLane {
  private readonly targets: readonly FuzzTarget[];
  private readonly seed: number;
  private readonly meter = new AllocationMeter();

  constructor(targets: readonly FuzzTarget[], seed: number) {
    this.targets = targets;
    this.seed = seed;
  }

  async run({ target: name, block, inputs }: FuzzTask): Promise<FuzzFound> {
    const target = this.targets.find((one) => one.name === name);
    if (target === undefined) throw new Error(`no fuzz target "${name}"`);
    const random = new SeededRandom(seedOf(this.seed, name, block));
    const failures: string[] = [];
    let slowestMs = 0;
    let reservedMax = 0;
    this.meter.install();
    try {
      for (let input = 0; input < inputs && failures.length < FAILURES_MAX; input++) {
        this.meter.begin(target.allocatesMax);
        const begunMs = performance.now();
        try {
          const done = target.once(random);
          if (done !== undefined) await done;
        } catch (error) {
          const text = error instanceof Error ? String(error.stack) : String(error);
          failures.push(`${name}, block ${block}, input ${input}: ${text}`);
        }
        const tookMs = performance.now() - begunMs;
        slowestMs = Math.max(slowestMs, tookMs);
        if (tookMs > SLOW_MS)
          failures.push(`${name}, block ${block}, input ${input}: ${tookMs} ms`);
        reservedMax = Math.max(reservedMax, this.meter.largest);
      }
    } finally {
      this.meter.remove();
    }
    return { inputs, slowestMs, reservedMax, failures };
  }
}
