/**
 * The machine that tabs live on, and what befalls them there, whatever they have open.
 */
import { type Profile, SeededRandom, seedOf } from '@varve/files/simulated';

/** What befalls a tab, its worker, its file, or the machine. */
export type LifeAct =
  | { readonly kind: 'open' | 'close' | 'park' | 'kill' | 'terminate' }
  | { readonly kind: 'killInside'; readonly ops: number }
  | { readonly kind: 'freeze'; readonly how: 'stopped' | 'suspended'; readonly ms: number }
  | { readonly kind: 'slow'; readonly flushMs: number; readonly ms: number }
  | {
      readonly kind: 'fault';
      readonly on: 'flush' | 'write' | 'short' | 'read';
      readonly skip: number;
    }
  | { readonly kind: 'hide'; readonly ms: number }
  | { readonly kind: 'noise'; readonly message: unknown }
  | { readonly kind: 'powerCut'; readonly choice: string; readonly ops: number };

export type LifeKind = LifeAct['kind'];

/** @typeParam A what tabs are asked to do, besides */
export interface Step<A> {
  readonly atMs: number;
  readonly tab: number;
  readonly act: A | LifeAct;
}

export interface World<A> {
  readonly seed: number;
  readonly tabs: number;
  readonly profile: Profile;
  readonly leaderTimeoutMs: number;
  readonly delayMs: number;
  readonly slowPercent: number;
  readonly lostPerMille: number;
  readonly releaseMs: number;
  /** Links go by port where they can, and the appends of several tabs meet. */
  readonly hasPorts: boolean;
  /** Who introduces them dies with so many of a hundred tabs that are killed. */
  readonly introducerDiesPercent: number;
  readonly steps: readonly Step<A>[];
}

const LIFE_KINDS: Readonly<Record<LifeKind, true>> = {
  open: true,
  close: true,
  park: true,
  kill: true,
  terminate: true,
  killInside: true,
  freeze: true,
  slow: true,
  fault: true,
  hide: true,
  noise: true,
  powerCut: true,
};

const NOISE: readonly unknown[] = [
  null,
  7,
  { kind: 'lead' },
  { kind: 'lead', version: 1, member: 'nobody', epoch: 2 ** 60 },
  { kind: 'join', version: 1, member: '0000000000000001', leader: 1, link: {}, given: 0 },
  { kind: 'seek', version: 1, member: [] },
];

export const isLifeKind = (kind: string): kind is LifeKind => Object.hasOwn(LIFE_KINDS, kind);

export const isLifeAct = (act: { readonly kind: string }): act is LifeAct => isLifeKind(act.kind);

/** Never, in half of the plans. Drawn apart: those are what they were. */
export function introducerDiesPercentOf(seed: number): number {
  return [0, 0, 50, 100][new SeededRandom(seedOf('introducer', seed)).below(4)]!;
}

/** Mostly at once or soon; sometimes long enough for whatever waits to notice. */
export function pauseMs(random: SeededRandom): number {
  const kind = random.below(20);
  if (kind < 5) return 0;
  if (kind < 13) return random.below(10);
  if (kind < 18) return random.below(150);
  return random.below(3_000);
}

/** One of the kinds, each as often as its share says. */
export function kindOf<K extends string>(
  random: SeededRandom,
  shares: readonly (readonly [K, number])[],
): K {
  let left = random.below(shares.reduce((sum, [, share]) => sum + share, 0));
  return shares.find(([, share]) => (left -= share) < 0)![0];
}

export function lifeActOf(random: SeededRandom, kind: LifeKind): LifeAct {
  switch (kind) {
    case 'killInside':
      return { kind, ops: random.below(12) };
    case 'freeze': {
      const ms = random.below(3) === 0 ? random.below(400) : random.below(14_000);
      return { kind, how: random.below(3) === 0 ? 'suspended' : 'stopped', ms };
    }
    case 'hide':
      return { kind, ms: random.below(6_000) };
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
