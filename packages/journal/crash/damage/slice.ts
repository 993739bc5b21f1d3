/**
 * A share of the damage lane: wounds by number, each judged. Bundled by those who run it in workers.
 */
import { FINDINGS, type Finding, judgeQuickly, judgeWholly } from './judge.ts';
import { FlatFile, type Wound } from './flat-file.ts';
import { type Golden, goldenStores } from './golden.ts';
import { WOUND_KINDS, type WoundKind } from './wounds.ts';

/** Wounds `from` up to `to` of one kind, on one golden store. */
export interface DamageTask {
  readonly store: string;
  readonly kind: string;
  readonly from: number;
  readonly to: number;
}

export interface DamageFound {
  readonly images: number;
  /** How many of them were opened as an application does, too: to be written, and again after that. */
  readonly opened: number;
  readonly findings: Readonly<Record<Finding, number>>;
  readonly violations: readonly string[];
}

export interface DamageLimits {
  /** About how many wounds of a kind are looked at on each store; which ones is up to the seed. */
  readonly perStore: number;
  /** How many of a kind are opened wholly, too, on each store; at least one in `wholeEvery`. */
  readonly whole: number;
  readonly wholeEvery: number;
  readonly violations: number;
}

export const DAMAGE_LIMITS: DamageLimits = {
  perStore: Infinity,
  whole: 500,
  wholeEvery: 128,
  violations: 20,
};
/** Wounds of a task: some seconds of work. */
const TASK = 20_000;

/** Everything there is to do, in a fixed order. */
export function damageTasks(stores: readonly Golden[]): DamageTask[] {
  return WOUND_KINDS.flatMap((kind) =>
    stores.flatMap((golden) => {
      const count = kind.count(golden);
      return Array.from({ length: Math.ceil(count / TASK) }, (_, index) => ({
        store: golden.name,
        kind: kind.name,
        from: index * TASK,
        to: Math.min(count, (index + 1) * TASK),
      }));
    }),
  );
}

export class DamageLane {
  readonly stores: readonly Golden[];
  private readonly seed: number;
  private readonly limits: DamageLimits;
  private readonly files = new Map<Golden, FlatFile>();

  private constructor(stores: readonly Golden[], seed: number, limits: DamageLimits) {
    this.stores = stores;
    this.seed = seed;
    this.limits = limits;
  }

  static async make(seed: number, limits: DamageLimits = DAMAGE_LIMITS): Promise<DamageLane> {
    return new DamageLane(await goldenStores(seed), seed, limits);
  }

  async run({ store, kind: kindName, from, to }: DamageTask): Promise<DamageFound> {
    const golden = this.stores.find(({ name }) => name === store);
    const kind = WOUND_KINDS.find(({ name }) => name === kindName);
    if (golden === undefined || kind === undefined)
      throw new Error(`no damage of kind "${kindName}" to a store "${store}"`);
    const { perStore, whole, wholeEvery, violations: violationsMax } = this.limits;
    const count = kind.count(golden);
    const step = Math.max(1, Math.floor(count / perStore));
    const wholeStep = Math.max(1, Math.min(wholeEvery, Math.floor(count / step / whole)));
    const found = {
      images: 0,
      opened: 0,
      findings: Object.fromEntries(FINDINGS.map((name) => [name, 0])) as Record<Finding, number>,
      violations: [] as string[],
    };
    const offset = this.seed % step;
    const first = Math.ceil((from - offset) / step) * step + offset;
    for (let number = first; number < to; number += step) {
      const wounds = kind.wounds(golden, number, this.seed);
      const wholly = Math.floor(number / step) % wholeStep === 0;
      try {
        found.findings[await this.judge(golden, kind, wounds, wholly)]++;
      } catch (error) {
        found.violations.push(`${String(error)} — ${kindName} ${number} of ${store}`);
        if (found.violations.length >= violationsMax) break;
      }
      found.images++;
      if (wholly) found.opened++;
    }
    return found;
  }

  private async judge(
    golden: Golden,
    kind: WoundKind,
    wounds: readonly Wound[],
    wholly: boolean,
  ): Promise<Finding> {
    const file = this.files.get(golden) ?? new FlatFile(golden.bytes);
    this.files.set(golden, file);
    const finding = judgeQuickly(golden, file, wounds, kind);
    if (wholly) await judgeWholly(golden, wounds, kind);
    return finding;
  }
}
