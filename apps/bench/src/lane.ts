/** A lane: one platform in which subjects are measured, as the runner sees it. */
import type { SeatResult } from './result.ts';
import type { SubjectFacts } from './subject.ts';
import type { BarFigure } from './report/bar-figures.ts';

export interface LaneOptions {
  /** Serve the page cross-origin isolated: finer clock, shared memory. */
  readonly isolated: boolean;
}

export interface Plan {
  readonly rounds: number;
  /** How long one block of one subject should last. */
  readonly blockMs: number;
  /** Only these subjects (ids); absent: all, without the extra ones if `quick`. */
  readonly subjects?: readonly string[];
  readonly quick: boolean;
}

export interface Lane {
  readonly name: 'browser' | 'node';
  readonly engine: string;
  /** What else a reader must know about this run's platform. */
  readonly notes: Readonly<Record<string, unknown>>;
  readonly subjects: readonly SubjectFacts[];
  run(work: string, plan: Plan): Promise<SeatResult[]>;
  /** Volumes, in the thread where an engine would be. */
  volumes(isQuick: boolean): Promise<BarFigure[]>;
  /** Several tabs of one log; undefined: this platform has none. */
  readonly tabs?: (isQuick: boolean) => Promise<BarFigure[]>;
  close(): Promise<void>;
}
