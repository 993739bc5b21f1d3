/**
 * The sparse index of one segment: places from which it can be read on, every 64 KiB or so.
 *
 * Always true:
 * - entries ascend in `lastLsn` and, within one generation, in offset
 * - every entry is a place where a scan with all checks may begin
 * - `scannedTo` is where a scan that builds the index further must go on
 */
import type { ScanPoint } from './position.ts';

const SPACING_BYTES = 65_536;

export class LsnIndex {
  private readonly entries: ScanPoint[] = [];

  /** Remembers `point` if it is far enough from the last one. */
  note(point: ScanPoint): void {
    const last = this.entries.at(-1);
    if (last !== undefined) {
      if (point.lastLsn < last.lastLsn || point.generation < last.generation) return;
      const near = point.offset - last.offset < SPACING_BYTES && point.offset >= last.offset;
      if (point.generation === last.generation && near) return;
    }
    this.entries.push({ ...point });
  }

  /** A new generation begins at `point`: places beyond its LSN are void. */
  restart(point: ScanPoint): void {
    while (this.entries.length > 0 && this.entries.at(-1)!.lastLsn > point.lastLsn) {
      this.entries.pop();
    }
    this.entries.push({ ...point });
  }

  /** The generations after this one did not come to be: the log does not lead to their places. */
  withdraw(generation: number): void {
    while (this.entries.length > 0 && this.entries.at(-1)!.generation > generation) {
      this.entries.pop();
    }
  }

  /** After damage the log can be read on from `point`, however near the last entry is. */
  resume(point: ScanPoint): void {
    const at = this.entries.findIndex(({ lastLsn }) => lastLsn >= point.lastLsn);
    if (at < 0) this.entries.push({ ...point });
    else this.entries.splice(at, this.entries[at]!.lastLsn === point.lastLsn ? 1 : 0, { ...point });
  }

  /** The nearest place at or before the record after `lsn`: its `lastLsn` is ≤ `lsn`. */
  floor(lsn: number): ScanPoint | undefined {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]!.lastLsn <= lsn) low = middle + 1;
      else high = middle;
    }
    return this.entries[low - 1];
  }

  get length(): number {
    return this.entries.length;
  }
}
