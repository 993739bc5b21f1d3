/**
 * What happens in one simulation, drawn from its seed before it begins.
 *
 * Always true: a plan without some of its steps is a plan, too; that is how a failure is made small.
 */
import { type Profile, SeededRandom, seedOf } from '@varve/files/simulated';
import type { Durability } from '@varve/protocol';
import type { AppendWish } from './page.ts';

export type Act =
  | ({
      readonly kind: 'append';
      readonly calls: number;
      readonly isExpecting: boolean;
    } & AppendWish)
  /** The same record under the same key, whoever appends it. */
  | { readonly kind: 'keyed'; readonly key: number; readonly durability?: Durability }
  | { readonly kind: 'read' | 'checkpoint' | 'status' | 'park' | 'close' | 'kill' | 'open' }
  | { readonly kind: 'terminate' }
  | { readonly kind: 'killInside'; readonly ops: number }
  | { readonly kind: 'freeze'; readonly how: 'stopped' | 'suspended'; readonly ms: number }
  | { readonly kind: 'slow'; readonly flushMs: number; readonly ms: number }
  | {
      readonly kind: 'fault';
      readonly on: 'flush' | 'write' | 'short' | 'read';
      readonly skip: number;
    }
  | { readonly kind: 'hide'; readonly ms: number }
  | { readonly kind: 'stream'; readonly bytes: number; readonly pieces: number }
  | { readonly kind: 'noise'; readonly message: unknown }
  | { readonly kind: 'powerCut'; readonly choice: string; readonly ops: number };

export interface Step {
  readonly atMs: number;
  readonly tab: number;
  readonly act: Act;
}

export interface Plan {
  readonly seed: number;
  readonly tabs: number;
  readonly profile: Profile;
  readonly durability: Durability;
  readonly keep: 'all' | 'checkpoint';
  readonly segmentSizeBytes: number;
  readonly alignmentBytes: 16 | 4096;
  readonly leaderTimeoutMs: number;
  readonly delayMs: number;
  readonly slowPercent: number;
  readonly lostPerMille: number;
  readonly releaseMs: number;
  /** Links go by port where they can, and the appends of several tabs meet. */
  readonly hasPorts: boolean;
  /** Who introduces them dies with so many of a hundred tabs that are killed. */
  readonly introducerDiesPercent: number;
  readonly steps: readonly Step[];
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
const SHARES: readonly (readonly [Exclude<Act['kind'], 'keyed'>, number])[] = [
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

const NOISE: readonly unknown[] = [
  null,
  7,
  { kind: 'lead' },
  { kind: 'lead', version: 1, member: 'nobody', epoch: 2 ** 60 },
  { kind: 'join', version: 1, member: '0000000000000001', leader: 1, link: {}, given: 0 },
  { kind: 'seek', version: 1, member: [] },
];

/** @param tabs how many at most; absent: 2 to 8, by seed */
export function planOf(seed: number, tabs?: number): Plan {
  const random = new SeededRandom(seedOf('tabs', seed));
  const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)]!;
  const count = tabs ?? pick([2, 2, 2, 3, 3, 3, 4, 4, 5, 8]);
  const isPadded = random.below(8) === 0;
  const isHarried = seed >= FIRST_HARRIED_SEED;
  const isRestless = seed >= FIRST_RESTLESS_SEED && !isHarried;
  const steps: Step[] = [];
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

/** Never, in half of the plans. Drawn apart: those are what they were. */
function introducerDiesPercentOf(seed: number): number {
  return [0, 0, 50, 100][new SeededRandom(seedOf('introducer', seed)).below(4)]!;
}

/** A few keys, each appended several times, by any tab. Drawn apart: the other steps are what they were. */
function keyedSteps(seed: number, tabs: number, untilMs: number): Step[] {
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
function streamSteps(seed: number, tabs: number, untilMs: number): Step[] {
  const random = new SeededRandom(seedOf('streams', seed));
  const streams = random.below(4) === 0 ? 1 + random.below(3) : 0;
  return Array.from({ length: streams }, (): Step[] => {
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
function restlessSteps(seed: number, tabs: number, untilMs: number): Step[] {
  const random = new SeededRandom(seedOf('restless', seed));
  return Array.from({ length: 8 + random.below(24) }, (): Step[] => {
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
function harriedSteps(seed: number, tabs: number, untilMs: number, mayFail: boolean): Step[] {
  const random = new SeededRandom(seedOf('harried', seed));
  return Array.from({ length: 2 + random.below(4) }, (_, bout): Step[] => {
    const fromMs = random.below(untilMs + 1);
    const spanMs = [5, 500, 5_000][random.below(3)]!;
    const steps: Step[] = [];
    for (let tab = 0; tab < tabs; tab++) {
      const atMs = fromMs + random.below(spanMs);
      const slow = { flushMs: 200 + random.below(2_500), ms: 500 + random.below(4_000) };
      const how = random.below(2) === 0 ? 'suspended' : 'stopped';
      const stands = { how, ms: 1_000 + random.below(8_000) } as const;
      const act: Act =
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

/** Mostly at once or soon; sometimes long enough for whatever waits to notice. */
function pauseMs(random: SeededRandom): number {
  const kind = random.below(20);
  if (kind < 5) return 0;
  if (kind < 13) return random.below(10);
  if (kind < 18) return random.below(150);
  return random.below(3_000);
}

function actOf(random: SeededRandom): Act {
  let left = random.below(SHARES.reduce((sum, [, share]) => sum + share, 0));
  const [kind] = SHARES.find(([, share]) => (left -= share) < 0)!;
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
    case 'killInside':
      return { kind, ops: random.below(12) };
    case 'freeze': {
      const ms = random.below(3) === 0 ? random.below(400) : random.below(14_000);
      return { kind, how: random.below(3) === 0 ? 'suspended' : 'stopped', ms };
    }
    case 'hide':
      return { kind, ms: random.below(6_000) };
    case 'stream':
      return { kind, bytes: random.below(9_000), pieces: 1 + random.below(3) };
    case 'slow':
      return { kind, flushMs: 1 + random.below(400), ms: random.below(5_000) };
    case 'fault': {
      const on = (['flush', 'write', 'short', 'read'] as const)[random.below(4)]!;
      return { kind, on, skip: random.below(4) };
    }
    case 'noise':
      return { kind, message: NOISE[random.below(NOISE.length)] };
    case 'powerCut': {
      const choice = ['none', 'all', `r${random.below(100)}`][random.below(3)]!;
      return { kind, choice, ops: random.below(2) === 0 ? 0 : 1 + random.below(6) };
    }
    default:
      return { kind };
  }
}
