/**
 * What happens in one simulation of a log's tabs, drawn from its seed before it begins.
 *
 * Always true: a plan without some of its steps is a plan, too; that is how a failure is made small.
 */
import { type Profile, SeededRandom, seedOf } from '@varve/files/simulated';
import type { Durability } from '@varve/protocol';
import {
  type LifeAct,
  type LifeKind,
  type Step,
  type World,
  introducerDiesPercentOf,
  kindOf,
  lifeActOf,
  pauseMs,
} from '../world.ts';
import type { AppendWish } from './page.ts';

type PlanStep = Step<Act>;

export type Act =
  | ({
      readonly kind: 'append';
      readonly calls: number;
      readonly isExpecting: boolean;
    } & AppendWish)
  /** The same record under the same key, whoever appends it. */
  | { readonly kind: 'keyed'; readonly key: number; readonly durability?: Durability }
  | { readonly kind: 'read' | 'checkpoint' | 'status' }
  | { readonly kind: 'stream'; readonly bytes: number; readonly pieces: number };

export interface Plan extends World<Act> {
  readonly durability: Durability;
  readonly keep: 'all' | 'checkpoint';
  readonly segmentSizeBytes: number;
  readonly alignmentBytes: 16 | 4096;
}

const KIB = 1024;
/** What was run before there were ports stays what it was. */
export const FIRST_SEED_WITH_PORTS = 1_000_000_000;
/** From here on stores are given back and taken again all the time, and messages overtake each other. */
export const FIRST_RESTLESS_SEED = 2_000_000_000;
/** From here on leaders are so slow, or stand still for so long, that they lose the store as they append. */
export const FIRST_HARRIED_SEED = 3_000_000_000;
/** A file that fails whenever it is opened ends the store, as it should: after the fifth time. */
const FAULTS_MAX = 4;
/** Those under which what was flushed is there. */
const PROFILES: readonly Profile[] = [
  'power',
  'tab-kill',
  'power',
  'os',
  'fsync-fail-keep',
  'fsync-fail-revert',
];

/** Out of a hundred acts so many are of each kind. */
const SHARES: readonly (readonly [Exclude<Act['kind'], 'keyed'> | LifeKind, number])[] = [
  ['append', 54],
  ['read', 4],
  ['checkpoint', 3],
  ['status', 3],
  ['stream', 3],
  ['park', 3],
  ['hide', 4],
  ['close', 3],
  ['kill', 6],
  ['terminate', 2],
  ['killInside', 5],
  ['freeze', 6],
  ['slow', 2],
  ['fault', 3],
  ['noise', 1],
  ['powerCut', 1],
  ['open', 3],
];

/** @param tabs how many at most; absent: 2 to 8, by seed */
export function planOf(seed: number, tabs?: number): Plan {
  const random = new SeededRandom(seedOf('tabs', seed));
  const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)]!;
  const count = tabs ?? pick([2, 2, 2, 3, 3, 3, 4, 4, 5, 8]);
  const isPadded = random.below(8) === 0;
  const isHarried = seed >= FIRST_HARRIED_SEED;
  const isRestless = seed >= FIRST_RESTLESS_SEED && !isHarried;
  const steps: PlanStep[] = [];
  const length = 6 + random.below(random.below(4) === 0 ? 40 : 18);
  let atMs = 0;
  for (let tab = 0; tab < count; tab++) {
    steps.push({ atMs, tab, act: { kind: 'open' } });
    if (random.below(2) === 0) atMs += random.below(100);
  }
  for (let index = 0; index < length; index++) {
    atMs += pauseMs(random);
    steps.push({ atMs, tab: random.below(count), act: actOf(random) });
  }
  steps.push(...keyedSteps(seed, count, atMs), ...streamSteps(seed, count, atMs));
  if (isRestless) steps.push(...restlessSteps(seed, count, atMs));
  if (isHarried) {
    const faults = steps.filter(({ act }) => act.kind === 'fault').length;
    steps.push(...harriedSteps(seed, count, atMs, faults < FAULTS_MAX));
  }
  steps.sort((one, two) => one.atMs - two.atMs);
  return {
    seed,
    tabs: count,
    profile: isPadded ? 'power-no-psow' : pick(PROFILES),
    durability: random.below(4) === 0 ? 'relaxed' : 'strict',
    keep: random.below(8) === 0 ? 'checkpoint' : 'all',
    segmentSizeBytes: isPadded ? 64 * KIB : pick([4 * KIB, 4 * KIB, 16 * KIB, 64 * KIB]),
    alignmentBytes: isPadded ? 4096 : 16,
    leaderTimeoutMs: pick([1_500, 3_000]),
    // A log is read in many messages: where most of them are slow, each is short of that.
    delayMs: pick(isRestless ? [1, 2] : [1, 2, 2, 10]),
    slowPercent: isRestless ? 40 : pick([0, 2, 10]),
    lostPerMille: random.below(4) === 0 ? pick([2, 20, 100]) : 0,
    releaseMs: pick([100, 2_000]),
    hasPorts: seed >= FIRST_SEED_WITH_PORTS && !(seed >= FIRST_RESTLESS_SEED && seed % 2 === 0),
    introducerDiesPercent: introducerDiesPercentOf(seed),
    steps,
  };
}

/** A few keys, each appended several times, by any tab. Drawn apart: the other steps are what they were. */
function keyedSteps(seed: number, tabs: number, untilMs: number): PlanStep[] {
  const random = new SeededRandom(seedOf('keys', seed));
  const keys = random.below(4);
  return Array.from({ length: keys * (1 + random.below(5)) }, () => ({
    atMs: random.below(untilMs + 1),
    tab: random.below(tabs),
    act: {
      kind: 'keyed',
      key: random.below(keys),
      ...(random.below(5) === 0 && { durability: 'relaxed' as const }),
    },
  }));
}

/** In one plan of four, streams whose leader may die as they end. Drawn apart, too. */
function streamSteps(seed: number, tabs: number, untilMs: number): PlanStep[] {
  const random = new SeededRandom(seedOf('streams', seed));
  const streams = random.below(4) === 0 ? 1 + random.below(3) : 0;
  return Array.from({ length: streams }, (): PlanStep[] => {
    const tab = random.below(tabs);
    const other = (tab + 1 + random.below(tabs - 1)) % tabs;
    const atMs = random.below(untilMs + 1);
    return [
      { atMs, tab: other, act: { kind: 'killInside', ops: random.below(8) } },
      { atMs, tab, act: { kind: 'stream', bytes: random.below(9_000), pieces: 1 } },
    ];
  }).flat();
}

/** Stores that are given back with appends and streams under way, and wanted again at once. */
function restlessSteps(seed: number, tabs: number, untilMs: number): PlanStep[] {
  const random = new SeededRandom(seedOf('restless', seed));
  return Array.from({ length: 8 + random.below(24) }, (): PlanStep[] => {
    const tab = random.below(tabs);
    const atMs = random.below(untilMs + 1);
    const one = {
      kind: 'append',
      records: 1,
      bytes: random.below(60),
      isExpecting: false,
    } as const;
    const first: Act =
      random.below(4) === 0
        ? { kind: 'stream', bytes: random.below(9_000), pieces: 1 + random.below(3) }
        : { ...one, calls: 1 + random.below(3) };
    return [
      { atMs, tab, act: first },
      { atMs: atMs + random.below(4), tab, act: { kind: 'park' } },
      // It knows nothing of what came before it: mostly it is refused, and leaves nothing in the log.
      { atMs: atMs + random.below(4), tab, act: { ...one, calls: 1, isExpecting: true } },
    ];
  }).flat();
}

/**
 * Bouts in which whoever leads is not heard for longer than the others wait, its page and theirs go on
 * appending, and its file may fail when it is back.
 */
function harriedSteps(seed: number, tabs: number, untilMs: number, mayFail: boolean): PlanStep[] {
  const random = new SeededRandom(seedOf('harried', seed));
  return Array.from({ length: 2 + random.below(4) }, (_, bout): PlanStep[] => {
    const fromMs = random.below(untilMs + 1);
    const spanMs = [5, 500, 5_000][random.below(3)]!;
    const steps: PlanStep[] = [];
    for (let tab = 0; tab < tabs; tab++) {
      const atMs = fromMs + random.below(spanMs);
      const slow = { flushMs: 200 + random.below(2_500), ms: 500 + random.below(4_000) };
      const how = random.below(2) === 0 ? 'suspended' : 'stopped';
      const stands = { how, ms: 1_000 + random.below(8_000) } as const;
      const act: LifeAct =
        random.below(3) === 0 ? { kind: 'freeze', ...stands } : { kind: 'slow', ...slow };
      if (random.below(2) === 0) steps.push({ atMs, tab, act });
    }
    for (let more = 4 + random.below(9); more > 0; more--) {
      const calls = 1 + random.below(3);
      const bytes = random.below(8) === 0 ? random.below(6_000) : random.below(60);
      const durability = [undefined, 'strict', 'relaxed'] as const;
      const wish = durability[random.below(3)];
      steps.push({
        atMs: fromMs + random.below(spanMs),
        tab: random.below(tabs),
        act: {
          kind: 'append',
          calls,
          records: 1,
          bytes,
          isExpecting: false,
          ...(wish !== undefined && { durability: wish }),
        },
      });
    }
    if (mayFail && bout === 0 && random.below(2) === 0) {
      const on = (['flush', 'write', 'short'] as const)[random.below(3)]!;
      const atMs = fromMs + random.below(spanMs);
      steps.push({ atMs, tab: 0, act: { kind: 'fault', on, skip: random.below(4) } });
    }
    return steps;
  }).flat();
}

function actOf(random: SeededRandom): Act | LifeAct {
  const kind = kindOf(random, SHARES);
  switch (kind) {
    case 'append': {
      const durability = [undefined, undefined, undefined, 'strict', 'relaxed'] as const;
      const wish = durability[random.below(durability.length)];
      return {
        kind,
        calls: 1 + random.below(random.below(3) === 0 ? 12 : 3),
        records: random.below(4) === 0 ? 1 + random.below(5) : 1,
        bytes: random.below(8) === 0 ? random.below(6_000) : random.below(60),
        isExpecting: random.below(12) === 0,
        ...(wish !== undefined && { durability: wish }),
      };
    }
    case 'stream':
      return { kind, bytes: random.below(9_000), pieces: 1 + random.below(3) };
    case 'read':
    case 'checkpoint':
    case 'status':
      return { kind };
    default:
      return lifeActOf(random, kind);
  }
}
