/**
 * What happens in one simulation of a volume's tabs, drawn from its seed before it begins.
 *
 * Always true: a plan without some of its steps is a plan, too; that is how a failure is made small.
 */
import { type Profile, SeededRandom, seedOf } from '@varve/files/simulated';
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

export type Act =
  /** Each call writes one register; `isWide`: the client's wide one, over chunks of others. */
  | {
      readonly kind: 'write';
      readonly calls: number;
      readonly isWide: boolean;
      /** To the client's newest snapshot. */
      readonly isToSnapshot: boolean;
    }
  /** All the client's registers, in one group. */
  | { readonly kind: 'atomic' }
  | { readonly kind: 'trim' }
  | { readonly kind: 'snapshot' | 'delete' }
  | { readonly kind: 'read' | 'list' | 'check' | 'diff' | 'flush' | 'checkpoint' | 'status' };

export interface VolumePlan extends World<Act> {
  readonly segmentSizeBytes: number;
  readonly checkpointEveryBytes: number;
  readonly directBytes: number;
  readonly cacheBytes: number;
  readonly stepExceptions: number;
  readonly dedup: boolean;
}

type PlanStep = Step<Act>;

const KIB = 1024;
/** A volume whose files fail more often in a row is given up, as it should be. */
const FAULTS_MAX = 3;
/** Those under which what was flushed is there. */
const PROFILES: readonly Profile[] = [
  'power',
  'tab-kill',
  'power',
  'os',
  'fsync-fail-keep',
  'fsync-fail-revert',
];

/** Out of a hundred and twelve acts so many are of each kind. */
const SHARES: readonly (readonly [Act['kind'] | LifeKind, number])[] = [
  ['write', 38],
  ['atomic', 7],
  ['trim', 3],
  ['snapshot', 6],
  ['delete', 3],
  ['read', 8],
  ['list', 2],
  ['check', 2],
  ['diff', 2],
  ['flush', 1],
  ['checkpoint', 3],
  ['status', 2],
  ['park', 3],
  ['hide', 4],
  ['close', 3],
  ['kill', 6],
  ['terminate', 2],
  ['killInside', 6],
  ['freeze', 5],
  ['slow', 2],
  ['fault', 2],
  ['noise', 1],
  ['powerCut', 1],
  ['open', 2],
];

/** @param tabs how many at most; absent: 2 to 6, by seed */
export function volumePlanOf(seed: number, tabs?: number): VolumePlan {
  const random = new SeededRandom(seedOf('volume tabs', seed));
  const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)]!;
  const count = tabs ?? pick([2, 2, 2, 3, 3, 4, 6]);
  const mood = pick(['calm', 'calm', 'restless', 'harried'] as const);
  const steps: PlanStep[] = [];
  const length = 6 + random.below(random.below(4) === 0 ? 30 : 16);
  let atMs = 0;
  for (let tab = 0; tab < count; tab++) {
    steps.push({ atMs, tab, act: { kind: 'open' } });
    if (random.below(2) === 0) atMs += random.below(100);
  }
  for (let index = 0; index < length; index++) {
    atMs += pauseMs(random);
    steps.push({ atMs, tab: random.below(count), act: actOf(random) });
  }
  if (mood === 'restless') steps.push(...restlessSteps(random, count, atMs));
  if (mood === 'harried') steps.push(...harriedSteps(random, count, atMs));
  steps.sort((one, two) => one.atMs - two.atMs);
  let faults = 0;
  return {
    seed,
    tabs: count,
    profile: pick(PROFILES),
    leaderTimeoutMs: pick([1_500, 3_000]),
    delayMs: pick(mood === 'restless' ? [1, 2] : [1, 2, 2, 10]),
    slowPercent: mood === 'restless' ? 40 : pick([0, 2, 10]),
    lostPerMille: random.below(4) === 0 ? pick([2, 20, 100]) : 0,
    releaseMs: pick([100, 2_000]),
    hasPorts: random.below(2) === 0,
    introducerDiesPercent: introducerDiesPercentOf(seed),
    segmentSizeBytes: pick([16 * KIB, 64 * KIB]),
    checkpointEveryBytes: pick([4 * KIB, 32 * KIB, 1_024 * KIB]),
    directBytes: pick([512, 64 * KIB]),
    cacheBytes: pick([0, 64 * KIB]),
    stepExceptions: pick([1, 4, 256]),
    dedup: random.below(4) === 0,
    steps: steps.filter(({ act }) => act.kind !== 'fault' || ++faults <= FAULTS_MAX),
  };
}

function actOf(random: SeededRandom): Act | LifeAct {
  const kind = kindOf(random, SHARES);
  switch (kind) {
    case 'write':
      return writeOf(random);
    case 'atomic':
    case 'trim':
    case 'snapshot':
    case 'delete':
    case 'read':
    case 'list':
    case 'check':
    case 'diff':
    case 'flush':
    case 'checkpoint':
    case 'status':
      return { kind };
    default:
      return lifeActOf(random, kind);
  }
}

function writeOf(random: SeededRandom): Act {
  return {
    kind: 'write',
    calls: 1 + random.below(random.below(3) === 0 ? 12 : 3),
    isWide: random.below(4) === 0,
    isToSnapshot: random.below(6) === 0,
  };
}

/** Volumes that are given back with writes under way, and wanted again at once. */
function restlessSteps(random: SeededRandom, tabs: number, untilMs: number): PlanStep[] {
  return Array.from({ length: 6 + random.below(18) }, (): PlanStep[] => {
    const tab = random.below(tabs);
    const atMs = random.below(untilMs + 1);
    const first: Act = random.below(5) === 0 ? { kind: 'snapshot' } : writeOf(random);
    return [
      { atMs, tab, act: first },
      { atMs: atMs + random.below(4), tab, act: { kind: 'park' } },
      { atMs: atMs + random.below(4), tab, act: writeOf(random) },
      { atMs: atMs + random.below(8), tab: random.below(tabs), act: { kind: 'read' } },
    ];
  }).flat();
}

/** Bouts in which whoever leads is not heard for longer than the others wait, and all go on writing. */
function harriedSteps(random: SeededRandom, tabs: number, untilMs: number): PlanStep[] {
  return Array.from({ length: 1 + random.below(4) }, (): PlanStep[] => {
    const fromMs = random.below(untilMs + 1);
    const spanMs = [5, 500, 5_000][random.below(3)]!;
    const steps: PlanStep[] = [];
    for (let tab = 0; tab < tabs; tab++) {
      const atMs = fromMs + random.below(spanMs);
      const slow = { flushMs: 200 + random.below(2_500), ms: 500 + random.below(4_000) };
      const how = random.below(2) === 0 ? 'suspended' : 'stopped';
      const stands = { how, ms: 1_000 + random.below(12_000) } as const;
      const act: LifeAct =
        random.below(3) === 0 ? { kind: 'freeze', ...stands } : { kind: 'slow', ...slow };
      if (random.below(2) === 0) steps.push({ atMs, tab, act });
    }
    for (let more = 4 + random.below(8); more > 0; more--) {
      steps.push({
        atMs: fromMs + random.below(spanMs),
        tab: random.below(tabs),
        act: random.below(4) === 0 ? { kind: 'read' } : writeOf(random),
      });
    }
    return steps;
  }).flat();
}
