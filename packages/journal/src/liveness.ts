/**
 * Notices that the files vanished under the open store: a deleted file still takes writes and
 * flushes (measured), so the name is resolved again while acknowledging.
 *
 * Always true: no acknowledgement is given later than `LIVENESS_MS` after the last good check began; where
 * three checks in a row take longer than that, on the strength of the third.
 */
export const LIVENESS_MS = 250;

export class Liveness {
  /** First LSN that was acknowledged after the last good check began. */
  suspectFrom = 1;
  private lastGoodMs: number;
  private checking: Promise<boolean> | undefined;
  private readonly isThere: () => Promise<boolean>;
  private readonly nowMs: () => number;

  constructor(isThere: () => Promise<boolean>, nowMs: () => number) {
    this.isThere = isThere;
    this.nowMs = nowMs;
    this.lastGoodMs = nowMs();
  }

  get isDue(): boolean {
    return this.nowMs() - this.lastGoodMs > LIVENESS_MS;
  }

  /** Resolves the name again; false: it is gone. `durableLsn` is what was acknowledged when it began. */
  check(durableLsn: number): Promise<boolean> {
    const begunMs = this.nowMs();
    this.checking ??= this.isThere()
      .then((there) => {
        if (there) {
          this.lastGoodMs = begunMs;
          this.suspectFrom = durableLsn + 1;
        }
        return there;
      })
      .finally(() => {
        this.checking = undefined;
      });
    return this.checking;
  }
}
