/** The JSON file: everything of one run that somebody may want to look at later. */
import type { BarResult } from '../bars/bar.ts';
import type { Failure } from '../compare.ts';
import type { Machine } from '../machine.ts';
import type { Result } from '../result.ts';

export interface RunFile {
  readonly schema: 1;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly plan: { readonly quick: boolean; readonly rounds: number; readonly blockMs: number };
  readonly machine: Machine;
  readonly results: readonly Result[];
  readonly bars: readonly BarResult[];
  readonly failures: readonly Failure[];
}
