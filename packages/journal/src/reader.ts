/**
 * Reads records by LSN, in verified chunks.
 *
 * Always true:
 * - nothing is handed out that did not pass every check of the scanner
 * - an LSN is handed out once per pass: copies that a later generation made are skipped
 * - where the log cannot be read on before the visible end, that is damage: CORRUPT, with its range
 * - nothing is remembered between calls but where the last chunk ended; it is checked again
 */
import {
  type DamageRange,
  isVarveError,
  newRecordFrame,
  readRecordFrame,
  VarveError,
} from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { resync } from './lookahead.ts';
import type { ScanPoint } from './position.ts';
import { beginningOf } from './segment.ts';
import type { SegmentTable } from './segment-table.ts';
import { type LogView, Scanner } from './scanner.ts';
import type { Chunk, ChunkRun } from './store-port.ts';
import { type Fragment, readFragments } from './unit-reader.ts';
import type { UnitDescriptor } from './unit-descriptor.ts';

const SLACK_BYTES = 66_560;

interface BuilderMark {
  readonly runs: number;
  readonly used: number;
}

/** Collects runs of frames into one buffer of its own. */
class ChunkBuilder {
  readonly runs: ChunkRun[] = [];
  bytes: Uint8Array;
  used = 0;

  constructor(maxBytes: number) {
    this.bytes = new Uint8Array(maxBytes + Math.min(maxBytes, SLACK_BYTES));
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
    const frame = newRecordFrame();
    while (first <= after && kept > 0) {
      start = readRecordFrame(source, start, to, frame);
      if (start < 0) throw malformed(first);
      first++;
      kept--;
    }
    if (first + kept - 1 > upTo) {
      end = start;
      for (let lsn = first; lsn <= upTo; lsn++) {
        end = readRecordFrame(source, end, to, frame);
        if (end < 0) throw malformed(lsn);
      }
      kept = Math.max(0, upTo - first + 1);
    }
    if (kept <= 0) return;
    const length = end - start;
    this.reserve(length);
    this.bytes.set(source.subarray(start, end), this.used);
    this.runs.push({
      firstLsn: first,
      count: kept,
      start: this.used,
      end: this.used + length,
      wallTimeMs,
    });
    this.used += length;
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

  private reserve(length: number): void {
    if (this.used + length <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.used + length, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
  }
}

function malformed(lsn: number): VarveError {
  return new VarveError('CORRUPT', `record ${lsn} is not framed as its batch says`, {
    facts: { from: lsn, to: lsn },
  });
}

export interface ReadRange {
  readonly after: number;
  readonly upTo: number;
  readonly maxBytes: number;
}

export class Reader {
  private readonly view: LogView;
  private readonly table: SegmentTable;
  private readonly blocks: Blocks;
  private readonly unitBlocks: Blocks;
  private readonly onDamage: (range: DamageRange) => void;
  private cursor: { after: number; scanner: Scanner } | undefined;

  constructor(
    view: LogView,
    table: SegmentTable,
    blocks: Blocks,
    unitBlocks: Blocks,
    onDamage: (range: DamageRange) => void,
  ) {
    this.view = view;
    this.table = table;
    this.blocks = blocks;
    this.unitBlocks = unitBlocks;
    this.onDamage = onDamage;
  }

  forward({ after, upTo, maxBytes }: ReadRange): Chunk {
    const builder = new ChunkBuilder(maxBytes);
    const scanner = this.scannerAfter(after, upTo);
    let delivered = after;
    while (delivered < upTo && builder.used < maxBytes) {
      if (!this.advance(scanner, delivered)) {
        if (builder.runs.length > 0) return builder.chunk(false);
        throw this.damageAt(scanner, delivered, upTo);
      }
      const whole = builder.mark();
      try {
        delivered = this.take(scanner, builder, delivered, upTo, maxBytes);
      } catch (error) {
        // What stands before a damaged group is given first; who reads on from there meets it again.
        builder.backTo(whole);
        if (builder.runs.length === 0 || !isVarveError(error, 'CORRUPT')) throw error;
        return builder.chunk(false);
      }
      const { firstLsn, count } = scanner.header;
      // A batch that the range cut through is met again by whoever reads on from there.
      if (delivered < firstLsn + count - 1) Object.assign(scanner.point, scanner.batchPoint);
    }
    this.cursor = { after: delivered, scanner };
    return builder.chunk(delivered >= upTo);
  }

  /** Runs in descending order, from `upTo` down. */
  backward({ after, upTo, maxBytes }: ReadRange): Chunk {
    const builder = new ChunkBuilder(maxBytes);
    const scanner = this.scannerAfter(upTo - 1, upTo);
    let delivered = Math.max(after, scanner.point.lastLsn);
    while (delivered < upTo) {
      if (!this.advance(scanner, delivered)) throw this.damageAt(scanner, delivered, upTo);
      delivered = this.take(scanner, builder, delivered, upTo, Number.MAX_SAFE_INTEGER);
    }
    builder.runs.reverse();
    const lowest = builder.runs.at(-1)?.firstLsn ?? after + 1;
    return builder.chunk(lowest <= after + 1);
  }

  /** Forgets where the last chunk ended: the tail was replaced. */
  clear(): void {
    this.cursor = undefined;
    this.blocks.clear();
    this.unitBlocks.clear();
  }

  private scannerAfter(after: number, upTo: number): Scanner {
    const { cursor } = this;
    this.cursor = undefined;
    if (
      cursor !== undefined &&
      cursor.after === after &&
      this.table.get(cursor.scanner.point.segment)
    ) {
      return cursor.scanner;
    }
    const segment = this.table.holding(after);
    if (segment === undefined) {
      // All segments that are there begin behind it.
      const begins = Math.min(upTo, ...this.table.live().map(({ header }) => header.lastLsn));
      throw new VarveError('CORRUPT', 'the segment that held this record is gone', {
        facts: { from: after + 1, to: Math.max(after + 1, begins) },
      });
    }
    const point = segment.index.floor(after) ?? beginningOf(segment, this.view.geometry);
    return new Scanner(this.view, this.blocks, point);
  }

  /** To the next batch that bears LSNs beyond `delivered`. False: the log cannot be read on. */
  private advance(scanner: Scanner, delivered: number): boolean {
    do {
      while (scanner.next()) {
        const { header } = scanner;
        if (!scanner.bearsLsns || header.count === 0) continue;
        if (header.firstLsn > delivered + 1) return false;
        if (header.firstLsn + header.count - 1 > delivered) return true;
      }
    } while (this.skipHarmlessDamage(scanner, delivered));
    return false;
  }

  /** Damage to what bears no LSN (a mark, a control record) loses no record: the log goes on behind it. */
  private skipHarmlessDamage(scanner: Scanner, delivered: number): boolean {
    const resume = this.resume(scanner.point);
    if (resume === undefined || resume.lastLsn > delivered) return false;
    this.table.get(resume.segment)?.index.resume(resume);
    Object.assign(scanner.point, resume);
    return true;
  }

  private take(
    scanner: Scanner,
    builder: ChunkBuilder,
    delivered: number,
    upTo: number,
    maxBytes: number,
  ): number {
    const { header } = scanner;
    const last = Math.min(upTo, header.firstLsn + header.count - 1);
    if (header.unit !== undefined) {
      return this.takeUnit(scanner, header.unit, builder, delivered, last, maxBytes);
    }
    builder.add(
      this.blocks.bytes,
      scanner.bodyStart,
      scanner.bodyEnd,
      header.firstLsn,
      header.count,
      header.wallTimeMs,
      delivered,
      last,
    );
    return last;
  }

  private takeUnit(
    scanner: Scanner,
    unit: UnitDescriptor,
    builder: ChunkBuilder,
    delivered: number,
    last: number,
    maxBytes: number,
  ): number {
    const { firstLsn, count, wallTimeMs } = scanner.header;
    let lsn = firstLsn;
    for (const fragment of this.fragmentsOf(unit, firstLsn, firstLsn + count - 1)) {
      const end = lsn + fragment.count - 1;
      if (end > delivered && lsn <= last) {
        builder.add(
          fragment.bytes,
          fragment.start,
          fragment.end,
          lsn,
          fragment.count,
          wallTimeMs,
          delivered,
          last,
        );
      }
      lsn = end + 1;
      if (builder.used >= maxBytes && lsn <= last && end > delivered) {
        // The rest of the unit comes with the next chunk, which finds its end again by LSN.
        Object.assign(scanner.point, scanner.batchPoint);
        return end;
      }
    }
    builder.add(
      this.blocks.bytes,
      scanner.bodyStart,
      scanner.bodyEnd,
      lsn,
      firstLsn + count - lsn,
      wallTimeMs,
      delivered,
      last,
    );
    return last;
  }

  /** A group is all or nothing: with one of its fragments all of its records are gone. */
  private *fragmentsOf(unit: UnitDescriptor, from: number, to: number): Generator<Fragment> {
    try {
      yield* readFragments(this.view, this.unitBlocks, unit, from);
    } catch (cause) {
      if (!isVarveError(cause, 'CORRUPT')) throw cause;
      this.onDamage({ from, to, proof: 'read' });
      throw new VarveError('CORRUPT', `records ${from} to ${to} are damaged`, {
        facts: { ...cause.facts, from, to },
        cause,
      });
    }
  }

  /** Finds out how far the damage goes, and remembers where the log goes on. */
  private damageAt(scanner: Scanner, delivered: number, upTo: number): VarveError {
    const resume = this.resume({ ...scanner.point, lastLsn: delivered });
    const to = resume !== undefined && resume.lastLsn > delivered ? resume.lastLsn : upTo;
    if (resume !== undefined) this.table.get(resume.segment)?.index.resume(resume);
    this.onDamage({ from: delivered + 1, to, proof: 'read' });
    return new VarveError('CORRUPT', `records ${delivered + 1} to ${to} are damaged`, {
      facts: { from: delivered + 1, to },
    });
  }

  /** Where the log goes on behind damage, by the bytes that are there now. */
  private resume(from: ScanPoint): ScanPoint | undefined {
    this.unitBlocks.clear();
    const last = this.table.live().at(-1)?.header.segment ?? 0;
    return resync(this.view, this.unitBlocks, from, last);
  }
}
