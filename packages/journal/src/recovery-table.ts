/**
 * The table that says what the end of a log means. First match wins; exactly one row matches any
 * combination of facts (a test generates them all).
 */
import type { DamageRange } from '@varve/protocol';

/** What was found where the log cannot be read on. */
export interface TailFacts {
  /** The store was closed properly, and the log ends exactly where that close said. */
  readonly clean: boolean;
  /** The segment in which the log should go on is not there. */
  readonly segmentMissing: boolean;
  /** Greatest LSN beyond the end that something proves was flushed; 0 = none. */
  readonly provenBeyond: number;
  readonly proof: DamageRange['proof'];
  /** Batches that count by themselves stand beyond the end. */
  readonly laterBatches: boolean;
  /** Bytes other than zero stand beyond the end. */
  readonly bytesBeyond: boolean;
}

export type TailVerdict = 'clean' | 'cut' | 'corrupt';

export interface TailRow {
  readonly name: string;
  /** The crash or damage that leads here. */
  readonly cause: string;
  readonly verdict: TailVerdict;
  readonly matches: (facts: TailFacts) => boolean;
}

export const TAIL_ROWS: readonly TailRow[] = [
  {
    name: 'segment-missing',
    cause:
      'The header of the segment in which the log goes on was destroyed, or the file was cut off.',
    verdict: 'corrupt',
    matches: (facts) => facts.segmentMissing,
  },
  {
    name: 'proven-damage',
    cause: 'Something flushed later says that records beyond the end had been flushed.',
    verdict: 'corrupt',
    matches: (facts) => facts.provenBeyond > 0,
  },
  {
    name: 'clean-end',
    cause: 'The store was closed properly.',
    verdict: 'clean',
    matches: (facts) => facts.clean,
  },
  {
    name: 'torn-out-of-order',
    cause: 'Power was lost while a group was unflushed; later parts of it reached the disk first.',
    verdict: 'cut',
    matches: (facts) => facts.laterBatches,
  },
  {
    name: 'torn-tail',
    cause: 'A process or the power died within a write; or the last flushed window is damaged.',
    verdict: 'cut',
    matches: (facts) => facts.bytesBeyond,
  },
  {
    name: 'end-of-writing',
    cause: 'A process died between two writes; or the last flushed window reads as zeros.',
    verdict: 'cut',
    matches: () => true,
  },
];
