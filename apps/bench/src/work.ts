/**
 * A work: one thing that subjects are asked to do, in blocks of operations.
 *
 * Always true:
 * - a block is timed as a whole, since `performance.now()` steps 5 µs at best; the single calls in it
 *   are timed too, for the tail
 * - an operation covers `unitsPerOperation` units; figures are per unit (tails: per operation)
 */
import type { Caller, Session } from './subject.ts';

export interface WorkFacts {
  readonly id: string;
  readonly title: string;
  /** What figures count. */
  readonly unit: 'append' | 'record' | 'read' | 'open';
  readonly unitsPerOperation: number;
  readonly recordBytes: number;
  /** Operations (of 1 record or one batch) outstanding at most. */
  readonly depth: number;
  readonly segmentSizeBytes: number;
  /**
   * Whether the file grows while it is measured (`cold`), or history that is no longer kept makes
   * room (`warm`). A raw file is always warm.
   */
  readonly pool: 'cold' | 'warm';
  readonly keepBytes?: number;
  /** Only subjects called from there; absent: all. */
  readonly callers?: readonly Caller[];
  /** Left out of quick runs unless it is named. */
  readonly extra?: boolean;
  /** Only for subjects that can be opened again. */
  readonly needsReopen?: boolean;
  /** Only for subjects that read one record. */
  readonly needsGet?: boolean;
  /** Only these subjects (ids). */
  readonly subjects?: readonly string[];
  /** Memory is looked at before the first block and after the last one. */
  readonly watchesMemory?: boolean;
  /** Fewest operations a block may have. */
  readonly minOperations: number;
  /** Most operations a block may have; absent: as many as fill the block's time. */
  readonly maxOperations?: number;
  /** Fewest operations a block of Varve or a raw file has in a run that is not quick. */
  readonly fullOperations?: number;
}

export interface Work extends WorkFacts {
  /** Before the warm-up, untimed. */
  prepare?(session: Session): Promise<void>;
  /** Fills the pool that is to be warm, untimed: only for what uses space again. */
  fill?(session: Session): Promise<void>;
  /** Runs `operations` operations; reports each single duration in ms. */
  block(session: Session, operations: number, took: (ms: number) => void): Promise<void>;
}
