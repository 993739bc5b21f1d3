/**
 * How long nobody was answered when a leader died, from the tabs' own clocks (one machine's).
 *
 * Always true: what is told is never less than what a tab saw. An answer that the dead leader had
 * already sent may still arrive, so the takeover is the longest time without any answer between
 * the death and the new leader's first ones, not the time to the first of them.
 */
import type { TabLedger } from './tab-ledger.ts';

export interface Takeover {
  /** From the last acknowledgement before to the first after, in any tab that lives. */
  readonly takeoverMs: number;
  /** From the last acknowledgement before to the first `role` event that says `leader`. */
  readonly roleMs: number;
}

/** Answers this long before the death and after the `role` event belong to the same silence. */
const AROUND_MS = 250;

/**
 * @param stoodStill the leader stood still for a while before it died: that is not counted
 * @throws when nobody took over
 */
export function takeoverOf(
  survivors: readonly Pick<TabLedger, 'acknowledged' | 'roles'>[],
  diedAtMs: number,
  stoodStill: boolean,
): Takeover {
  const roleAtMs = Math.min(
    ...survivors
      .flatMap(({ roles }) => roles)
      .filter(({ role, atMs }) => role === 'leader' && atMs >= diedAtMs)
      .map(({ atMs }) => atMs),
  );
  if (roleAtMs === Infinity) throw new Error('nobody took over');
  const answers = survivors
    .flatMap(({ acknowledged }) => acknowledged)
    .map(({ atMs }) => atMs)
    .sort((a, b) => a - b);
  const counted = (atMs: number): number => (stoodStill ? Math.max(atMs, diedAtMs) : atMs);
  let silence = { from: counted(diedAtMs), ms: 0 };
  let before = answers.findLast((atMs) => atMs < diedAtMs) ?? diedAtMs;
  for (const atMs of answers.filter((each) => each >= diedAtMs)) {
    if (before > roleAtMs + AROUND_MS) break;
    const ms = atMs - counted(before);
    if (ms > silence.ms) silence = { from: counted(before), ms };
    before = atMs;
  }
  return { takeoverMs: silence.ms, roleMs: Math.max(0, roleAtMs - silence.from) };
}
