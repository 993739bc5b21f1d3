/**
 * Reads records by LSN, in verified chunks.
 *
 * Always true:
 * - nothing is handed out that did not pass every check of the scanner
 * - an LSN is handed out once per pass: copies that a later generation made are skipped
 * - where the log cannot be read on before the visible end, that is damage: CORRUPT, with its range
 * - nothing is remembered between calls but where the last chunk ended; it is checked again
 */
import { type DamageRange, isVarveError, VarveError } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import { resync } from './lookahead.ts';
import { copyPoint, type ScanPoint } from './position.ts';
import { beginningOf } from './segment.ts';
import type { SegmentTable } from './segment-table.ts';
import { type LogView, Scanner } from './scanner.ts';
import type { Chunk } from './store-port.ts';
import { UnitAhead } from './unit-ahead.ts';
import type { UnitDescriptor } from './unit-descriptor.ts';
import { type Fragment, type FragmentPlace, readFragments } from './unit-reader.ts';

export interface ReadRange {
  readonly after: number;
  readonly upTo: number;
  readonly maxBytes: number;
  /** See `ReadRequest.reuse`. */
  readonly reuse?: ArrayBufferLike | undefined;
}

/** Where in a unit a chunk was cut: which unit, the fragment, and the first LSN in that. */
interface Within {
  readonly unitLsn: number;
  readonly place: FragmentPlace;
  readonly lsn: number;
}

export class Reader {
  private readonly view: LogView;
  private readonly table: SegmentTable;
  private readonly blocks: Blocks;
  private readonly unitBlocks: Blocks;
  private readonly onDamage: (range: DamageRange) => void;
  private cursor: { after: number; scanner: Scanner } | undefined;
  private within: Within | undefined;

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

  forward({ after, upTo, maxBytes, reuse }: ReadRange): Chunk {
    const builder = new ChunkBuilder(maxBytes, reuse);
    const ahead = new UnitAhead();
    const scanner = this.scannerAfter(after, upTo);
    let delivered = after;
    while (delivered < upTo && builder.used < maxBytes) {
      const found = this.advance(scanner, delivered, builder, ahead);
      if (found === 'a cut unit') {
        // It begins the next chunk.
        copyPoint(scanner.point, ahead.first);
        break;
      }
      if (found === 'damage') {
        if (builder.runs.length > 0) return builder.chunk(false);
        throw this.damageAt(scanner, delivered, upTo);
      }
      const whole = builder.mark();
      try {
        delivered = this.take(scanner, builder, ahead, delivered, upTo, maxBytes);
      } catch (error) {
        // What stands before a damaged group is given first; who reads on from there meets it again.
        builder.backTo(whole);
        if (builder.runs.length === 0 || !isVarveError(error, 'CORRUPT')) throw error;
        return builder.chunk(false);
      }
      const { firstLsn, count } = scanner.header;
      // A batch that the range cut through is met again by whoever reads on from there.
      if (delivered < firstLsn + count - 1) copyPoint(scanner.point, scanner.batchPoint);
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
      if (this.advance(scanner, delivered) === 'damage') {
        throw this.damageAt(scanner, delivered, upTo);
      }
      delivered = this.take(scanner, builder, undefined, delivered, upTo, Number.MAX_SAFE_INTEGER);
    }
    builder.runs.reverse();
    const lowest = builder.runs.at(-1)?.firstLsn ?? after + 1;
    return builder.chunk(lowest <= after + 1);
  }

  /** Forgets where the last chunk ended: the tail was replaced. */
  clear(): void {
    this.cursor = undefined;
    this.within = undefined;
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

  /** To the next batch that bears LSNs beyond `delivered`, taking fragments along on the way. */
  private advance(
    scanner: Scanner,
    delivered: number,
    builder?: ChunkBuilder,
    ahead?: UnitAhead,
  ): 'a batch' | 'a cut unit' | 'damage' {
    do {
      while (scanner.next()) {
        const { header } = scanner;
        if (!scanner.bearsLsns) {
          const taken = ahead?.take(scanner, builder!) ?? true;
          if (!taken && builder!.runs.length > 0) return 'a cut unit';
          continue;
        }
        if (header.count === 0) continue;
        if (header.firstLsn > delivered + 1) return 'damage';
        if (header.firstLsn + header.count - 1 > delivered) return 'a batch';
      }
    } while (this.skipHarmlessDamage(scanner, delivered));
    return 'damage';
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
    ahead: UnitAhead | undefined,
    delivered: number,
    upTo: number,
    maxBytes: number,
  ): number {
    const { header } = scanner;
    const end = header.firstLsn + header.count - 1;
    const last = Math.min(upTo, end);
    const isWhole = delivered < header.firstLsn && last === end;
    const kept = (isWhole && ahead?.keep(scanner, builder)) || 0;
    // What is added now stands where it was put.
    ahead?.drop();
    if (header.unit !== undefined && kept === 0) {
      return this.takeUnit(scanner, header.unit, builder, delivered, last, maxBytes);
    }
    builder.add(
      this.blocks.bytes,
      scanner.bodyStart,
      scanner.bodyEnd,
      header.firstLsn + kept,
      header.count - kept,
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
    const { within } = this;
    const resume = within?.unitLsn === firstLsn && within.lsn <= delivered + 1 ? within : undefined;
    this.within = undefined;
    let lsn = resume?.lsn ?? firstLsn;
    for (const fragment of this.fragmentsOf(unit, firstLsn, firstLsn + count - 1, resume?.place)) {
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
      if (builder.used >= maxBytes && end < last && end > delivered) {
        // The rest of the unit comes with the next chunk, which reads its end and goes on here.
        this.within = { unitLsn: firstLsn, place: fragment.place, lsn };
        return end;
      }
      lsn = end + 1;
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
  private *fragmentsOf(
    unit: UnitDescriptor,
    from: number,
    to: number,
    place?: FragmentPlace,
  ): Generator<Fragment> {
    try {
      yield* readFragments(this.view, this.unitBlocks, unit, from, place);
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
