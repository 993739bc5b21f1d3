/**
 * Group commit: callers in, one flush out, each told for itself.
 *
 * Always true:
 * - what is staged between two commits is one group: one write, and one flush if anyone in it is
 *   promised more than `relaxed`
 * - a caller's promise settles once: after the flush (strict), after the write (relaxed), or with
 *   what became of it
 * - a commit never waits for a caller
 */
import { type VarveError, withOutcome } from '@varve/protocol';
import type { Appended } from './store-port.ts';

export interface PendingAppend {
  readonly appended: Appended;
  readonly strict: boolean;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: VarveError) => void;
}

export class GroupCommit {
  private pending: PendingAppend[] = [];
  /** Counts for `status()`. */
  groups = 0;
  records = 0;
  lastGroupRecords = 0;

  add(append: PendingAppend): void {
    this.pending.push(append);
  }

  get size(): number {
    return this.pending.length;
  }

  get wantsFlush(): boolean {
    return this.pending.some(({ strict }) => strict);
  }

  /** Takes everyone who waits: they belong to the commit that follows. */
  take(): PendingAppend[] {
    const taken = this.pending;
    this.pending = [];
    if (taken.length > 0) {
      this.groups++;
      this.lastGroupRecords = taken.reduce((sum, { appended }) => sum + appended.count, 0);
      this.records += this.lastGroupRecords;
    }
    return taken;
  }
}

/** The commit did not happen as promised: nobody can say what of it will be there. */
export function rejectUnknown(appends: readonly PendingAppend[], cause: VarveError): void {
  for (const { reject } of appends) reject(withOutcome(cause, 'unknown'));
}
