/**
 * Collects runs of record frames into one buffer.
 *
 * Always true:
 * - `bytes[0, used)` is what the runs speak of; what was put ahead lies behind it, and counts for nothing
 *   before `keepAhead`
 */
import { newRecordFrame, readRecordFrame, VarveError } from '@varve/protocol';
import type { Chunk, ChunkRun } from './store-port.ts';

/** More than a batch: one begun within what was asked for may end so far behind it. */
const SLACK_BYTES = 66_560;

export interface BuilderMark {
  readonly runs: number;
  readonly used: number;
}

export class ChunkBuilder {
  readonly runs: ChunkRun[] = [];
  used = 0;
  private bytes: Uint8Array;

  /** @param reuse a buffer that nobody looks at any more: it is taken when it is large enough */
  constructor(maxBytes: number, reuse?: ArrayBufferLike) {
    const bytes = maxBytes + 2 * Math.min(maxBytes, SLACK_BYTES);
    const fits = reuse !== undefined && reuse.byteLength >= bytes;
    this.bytes = fits ? new Uint8Array(reuse) : new Uint8Array(bytes);
  }

  /** Adds the frames of `[from, to)` whose LSNs lie in `(after, upTo]`; the first has `firstLsn`. */
  add(
    source: Uint8Array,
    from: number,
    to: number,
    firstLsn: number,
    count: number,
    wallTimeMs: number,
    after: number,
    upTo: number,
  ): void {
    let start = from;
    let end = to;
    let first = firstLsn;
    let kept = count;
    const last = firstLsn + count - 1;
    const frame = newRecordFrame();
    while (first <= after && kept > 0) {
      start = readRecordFrame(source, start, to, frame);
      if (start < 0) throw malformed(first, last);
      first++;
      kept--;
    }
    if (first + kept - 1 > upTo) {
      end = start;
      for (let lsn = first; lsn <= upTo; lsn++) {
        end = readRecordFrame(source, end, to, frame);
        if (end < 0) throw malformed(lsn, last);
      }
      kept = Math.max(0, upTo - first + 1);
    }
    if (kept <= 0) return;
    const length = end - start;
    this.reserve(length);
    this.bytes.set(source.subarray(start, end), this.used);
    this.addRun(first, kept, length, wallTimeMs);
  }

  /** Whether so many bytes can be put ahead, and a batch behind them. */
  hasRoom(bytes: number): boolean {
    return this.used + bytes + SLACK_BYTES <= this.bytes.length;
  }

  /** Copies `source[from, to)` to `ahead` bytes behind what counts, where there is room. */
  putAhead(ahead: number, source: Uint8Array, from: number, to: number): void {
    this.bytes.set(source.subarray(from, to), this.used + ahead);
  }

  /** The first `length` bytes that were put ahead count now: `count` records from `firstLsn` on. */
  keepAhead(firstLsn: number, count: number, length: number, wallTimeMs: number): void {
    this.addRun(firstLsn, count, length, wallTimeMs);
  }

  /** What is in it now. */
  mark(): BuilderMark {
    return { runs: this.runs.length, used: this.used };
  }

  /** Takes out what was added since. */
  backTo({ runs, used }: BuilderMark): void {
    this.runs.length = runs;
    this.used = used;
  }

  chunk(done: boolean): Chunk {
    return { bytes: this.bytes.subarray(0, this.used), runs: this.runs, done };
  }

  private addRun(firstLsn: number, count: number, length: number, wallTimeMs: number): void {
    const start = this.used;
    this.used += length;
    this.runs.push({ firstLsn, count, start, end: this.used, wallTimeMs });
  }

  private reserve(length: number): void {
    if (this.used + length <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.used + length, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
  }
}

/** Where one frame is wrong, nothing says where those behind it begin. */
function malformed(lsn: number, last: number): VarveError {
  return new VarveError('CORRUPT', `record ${lsn} is not framed as its batch says`, {
    facts: { from: lsn, to: last },
  });
}
