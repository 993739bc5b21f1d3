/**
 * Reads the whole log again, in slices, when nothing else is to be done, and says what is damaged.
 *
 * Always true:
 * - it writes nothing, and goes by the checks of recovery and reading: identity, checksums, chain, LSNs
 * - a pass begins at the oldest segment and ends at the end of what is written then
 * - where it is survives reopening by segment: superblocks name it whenever they are written anyway
 */
import type { SyncFile } from '@varve/files';
import { type DamageRange, isVarveError, type ScrubStatus } from '@varve/protocol';
import { Blocks } from './blocks.ts';
import { SEGMENT_HEADER_BYTES } from './format.ts';
import { slotStart } from './geometry.ts';
import { readExactly } from './io.ts';
import { resync } from './lookahead.ts';
import type { ScanPoint } from './position.ts';
import { type LogView, Scanner } from './scanner.ts';
import { beginningOf } from './segment.ts';
import { decodeSegmentHeader } from './segment-header.ts';
import type { SegmentTable } from './segment-table.ts';
import { readSuperblock } from './superblock.ts';
import type { UnitDescriptor } from './unit-descriptor.ts';
import { readFragments } from './unit-reader.ts';
import { unitsOf } from './units-of.ts';

/** About so much is read at a time: a fraction of a millisecond. */
export const SCRUB_SLICE_BYTES = 131_072;

export interface ScrubHost extends LogView {
  readonly table: SegmentTable;
  readonly seedId: Uint8Array;
  /** Where what is written ends. */
  readonly writtenEnd: Pick<ScanPoint, 'segment' | 'offset' | 'lastLsn'>;
}

/** What superblocks keep of a scrub. */
export interface ScrubMark {
  /** The pass goes on in this segment; 0: none is under way. */
  readonly scrubSegment: number;
  /** Wall clock, ms, of the end of the last whole pass; 0: there was none. */
  readonly scrubbedAtMs: number;
}

export class Scrub {
  /** Of this pass, since the store was opened. */
  private bytesVerified = 0;
  private readonly ranges: DamageRange[] = [];
  /** Damaged places that cost no record by themselves: marks, control records, headers, superblocks. */
  private harmless = 0;
  private scrubbedAtMs: number;
  private resumeAt: number;
  private scanner: Scanner | undefined;
  /** Damaged places of this pass; a unit that began before one may have lost a fragment there. */
  private gaps: Pick<ScanPoint, 'segment' | 'offset'>[] = [];
  private readonly file: SyncFile;
  private readonly host: ScrubHost;
  private readonly blocks: Blocks;
  private readonly unitBlocks: Blocks;
  private readonly onDamage: (range: DamageRange) => void;

  constructor(
    file: SyncFile,
    host: ScrubHost,
    mark: ScrubMark,
    onDamage: (range: DamageRange) => void,
  ) {
    this.file = file;
    this.host = host;
    this.resumeAt = mark.scrubSegment;
    this.scrubbedAtMs = mark.scrubbedAtMs;
    this.blocks = new Blocks(file, host.geometry, SCRUB_SLICE_BYTES);
    this.unitBlocks = new Blocks(file, host.geometry, SCRUB_SLICE_BYTES);
    this.onDamage = onDamage;
  }

  get mark(): ScrubMark {
    const scrubSegment = this.scanner?.point.segment ?? this.resumeAt;
    return { scrubSegment, scrubbedAtMs: this.scrubbedAtMs };
  }

  get status(): ScrubStatus {
    return {
      position: this.scanner === undefined ? null : this.scanner.point.lastLsn,
      lastCompletedAtMs: this.scrubbedAtMs,
      bytesVerified: this.bytesVerified,
      damage: [...this.ranges],
      harmlessDamage: this.harmless,
    };
  }

  /** Wall clock, ms, when there is something to do: at once while a pass is under way. */
  dueMs(everyMs: number): number {
    const underWay = this.scanner !== undefined || this.resumeAt > 0 || this.scrubbedAtMs === 0;
    return underWay ? 0 : this.scrubbedAtMs + everyMs;
  }

  /** Verifies one slice. True: the pass has come to the end. @throws VarveError IO_ERROR */
  slice(wallMs: number): boolean {
    // What was read before may have changed on the disk: that is what this is for.
    this.blocks.clear();
    this.unitBlocks.clear();
    const until = this.bytesVerified + SCRUB_SLICE_BYTES;
    const scanner = (this.scanner ??= this.begin());
    while (this.bytesVerified < until) {
      const { segment, offset } = scanner.point;
      const { writtenEnd, table } = this.host;
      const ended =
        segment > writtenEnd.segment ||
        (segment === writtenEnd.segment && offset >= writtenEnd.offset);
      if (ended) return this.complete(wallMs);
      if (table.get(segment) === undefined) {
        // Retired meanwhile: on with what is the oldest now.
        Object.assign(scanner.point, this.oldest());
      } else if (scanner.next()) {
        this.bytesVerified += scanner.header.headerBytes + scanner.header.bodyBytes;
        if (scanner.nextLost) {
          // The rest of a segment was passed by: no record in it, but maybe fragments.
          scanner.nextLost = false;
          this.harmless++;
          this.gaps.push({ segment, offset });
        }
        this.checkUnits(scanner);
        if (scanner.point.segment !== segment) this.checkHeader(scanner.point.segment);
      } else if (!this.passBy(scanner)) {
        return this.complete(wallMs);
      }
    }
    return false;
  }

  /** A read failed: the pass goes on in the same segment later. */
  interrupt(): void {
    this.resumeAt = this.mark.scrubSegment;
    this.scanner = undefined;
  }

  private begin(): Scanner {
    this.bytesVerified = 0;
    this.gaps = [];
    for (const place of [0, 1] as const) {
      if (readSuperblock(this.file, place) === undefined) this.harmless++;
    }
    const resumed = this.host.table.get(this.resumeAt);
    const from = resumed === undefined ? this.oldest() : beginningOf(resumed, this.host.geometry);
    this.checkHeader(from.segment);
    return new Scanner(this.host, this.blocks, from);
  }

  private oldest(): ScanPoint {
    return beginningOf(this.host.table.live()[0]!, this.host.geometry);
  }

  private complete(wallMs: number): true {
    this.scrubbedAtMs = Math.max(1, Math.floor(wallMs));
    this.resumeAt = 0;
    this.scanner = undefined;
    return true;
  }

  private checkHeader(number: number): void {
    const segment = this.host.table.get(number);
    // The newest one's may still be in memory.
    if (segment === undefined || number >= this.host.writtenEnd.segment) return;
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    readExactly(this.file, bytes, slotStart(this.host.geometry, segment.header.slot));
    const there = decodeSegmentHeader(bytes, this.host.seedId, segment.header.slot);
    if (there?.segment !== number) this.harmless++;
  }

  /** Names what is damaged here and goes on behind it. False: nothing can be read behind it. */
  private passBy(scanner: Scanner): boolean {
    const from = { ...scanner.point };
    const { writtenEnd, table } = this.host;
    this.gaps.push(from);
    const resume = resync(this.host, this.unitBlocks, from, writtenEnd.segment);
    const to = resume?.lastLsn ?? writtenEnd.lastLsn;
    if (to > from.lastLsn) this.found(from.lastLsn + 1, to);
    else this.harmless++;
    if (resume === undefined) return false;
    table.get(resume.segment)?.index.resume(resume);
    Object.assign(scanner.point, resume);
    return true;
  }

  /** A damaged fragment bears no LSN: the record that it belongs to is found by its unit's end. */
  private checkUnits(scanner: Scanner): void {
    if (this.gaps.length === 0) return;
    for (const { unit, from, to } of unitsOf(scanner, this.blocks)) this.checkUnit(unit, from, to);
  }

  private checkUnit(unit: UnitDescriptor, from: number, to: number): void {
    const hit = this.gaps.some(
      ({ segment, offset }) =>
        segment > unit.firstSegment ||
        (segment === unit.firstSegment && offset >= unit.firstOffset),
    );
    if (!hit) return;
    try {
      for (const fragment of readFragments(this.host, this.unitBlocks, unit, from)) {
        this.bytesVerified += fragment.end - fragment.start;
      }
    } catch (error) {
      if (!isVarveError(error, 'CORRUPT')) throw error;
      this.found(from, to);
    }
  }

  private found(from: number, to: number): void {
    if (this.ranges.some((range) => range.from === from && range.to === to)) return;
    const range: DamageRange = { from, to, proof: 'read' };
    this.ranges.push(range);
    this.onDamage(range);
  }
}
