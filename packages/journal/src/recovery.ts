/**
 * Recovery: decides where the log ends. It writes nothing.
 *
 * Superblocks → segment headers → scan from `scanStart` → verdict at the first batch that does not
 * count. The verdict is a table (docs/FORMAT.md §Recovery): `TAIL_ROWS`, in order, first match wins.
 */
import type { SyncFile } from '@varve/files';
import { type DamageRange, isVarveError, type TailUncertain } from '@varve/protocol';
import { Blocks } from './blocks.ts';
import { ClientTable } from './client-table.ts';
import { type FoundClients, findClients } from './clients.ts';
import { SLOTS_START } from './format.ts';
import { type Geometry, geometryOf } from './geometry.ts';
import { resync } from './lookahead.ts';
import { copyPoint, type MutablePoint, type ScanPoint } from './position.ts';
import { type ScannedRun, ScannedRuns } from './scanned-runs.ts';
import { type LogView, Scanner } from './scanner.ts';
import { beginningOf, type Segment, segmentFromNext, segmentOf } from './segment.ts';
import { readSegmentHeaders, SegmentTable } from './segment-table.ts';
import type { Superblock } from './superblock.ts';
import { tailFactsAt, tornBytesAt } from './tail-facts.ts';
import { TAIL_ROWS, type TailFacts, type TailVerdict } from './recovery-table.ts';
import type { UnitDescriptor } from './unit-descriptor.ts';
import { readFragments } from './unit-reader.ts';
import { unitsOf } from './units-of.ts';

/** A batch that bears LSNs of which nothing proves that they were flushed. */
export interface Unproven {
  readonly point: ScanPoint;
  readonly count: number;
}

export interface Recovered {
  readonly superblocks: readonly [Superblock | undefined, Superblock | undefined];
  readonly superblock: Superblock;
  readonly geometry: Geometry;
  readonly table: SegmentTable;
  readonly verdict: TailVerdict;
  /** Where the log ends, and where it was cut: the first batch that nothing proves. */
  readonly end: ScanPoint;
  readonly cut: ScanPoint;
  readonly unproven: readonly Unproven[];
  /** The oldest segment that they need fragments of; Infinity: none. */
  readonly unitsFrom: number;
  /** Something without an LSN is damaged before the end: the next scan must begin behind it. */
  readonly harmlessDamage: boolean;
  /** Something in the last segment is known to have been flushed, and so its header was. */
  readonly tailHeaderProven: boolean;
  /** Greatest generation seen anywhere. */
  readonly generationMax: number;
  readonly wallTimeMs: number;
  readonly rows: readonly string[];
  readonly damage: readonly DamageRange[];
  readonly tailUncertain: TailUncertain | null;
  readonly tornBytes: number;
  readonly scannedBytes: number;
  readonly invalidSuperblocks: readonly number[];
  /** The client table as of `end`. */
  readonly clients: FoundClients;
}

const WINDOW_BYTES = 262_144;
const CLIENTS_WINDOW_BYTES = 131_072;
/** So many are not kept while some of them are proven by what came after. */
const UNPROVEN_MANY = 1_024;
/** More slots than any store has: a superblock that says more is not believed. */
const SLOTS_MAX = 1_048_576;

export class Recovery implements LogView {
  readonly geometry: Geometry;
  readonly table = new SegmentTable();
  private readonly file: SyncFile;
  private readonly superblock: Superblock;
  private readonly blocks: Blocks;
  private readonly rows: string[] = [];
  private readonly damage: DamageRange[] = [];
  private provenLsn: number;
  private unproven: Unproven[] = [];
  private unitsFrom = Infinity;
  private runs: ScannedRuns;
  /** Segments that a `next` record names: they are found without their header. */
  private readonly named = new Set<number>();
  private generationMax: number;
  private wallTimeMs: number;
  private scannedBytes = 0;

  constructor(file: SyncFile, superblock: Superblock, witnessDurableLsn: number) {
    this.file = file;
    this.superblock = superblock;
    this.geometry = geometryOf(superblock.segmentBytes, superblock.alignment);
    this.blocks = new Blocks(file, this.geometry, WINDOW_BYTES);
    this.provenLsn = Math.max(superblock.durableLsn, witnessDurableLsn);
    this.generationMax = superblock.generation;
    this.wallTimeMs = superblock.writtenAtMs;
    this.runs = new ScannedRuns(new ClientTable());
  }

  segment(number: number): Segment | undefined {
    return this.table.get(number);
  }

  limit(): number {
    return this.geometry.segmentBytes;
  }

  get lastGeneration(): number {
    return this.generationMax;
  }

  follow(next: { segment: number; slot: number; salt: Uint8Array }, from: ScanPoint): Segment {
    this.named.add(next.segment);
    const known = this.table.get(next.segment);
    if (
      known?.header.slot === next.slot &&
      known.header.salt.every((byte, i) => byte === next.salt[i])
    ) {
      return known;
    }
    if (!this.rows.includes('header-lost')) this.rows.push('header-lost');
    const made = segmentFromNext(next, from, this.superblock.seedId);
    const oldestUnitSegment =
      this.table.get(from.segment)?.header.oldestUnitSegment ?? from.segment;
    const careful = { ...made, header: { ...made.header, oldestUnitSegment } };
    this.table.add(careful);
    return careful;
  }

  run(pair: readonly [Superblock | undefined, Superblock | undefined]): Recovered {
    const invalidSuperblocks = [0, 1].filter((place) => pair[place] === undefined);
    for (const block of pair) {
      if (block === undefined) continue;
      this.provenLsn = Math.max(this.provenLsn, block.durableLsn);
      this.generationMax = Math.max(this.generationMax, block.generation);
    }
    if (invalidSuperblocks.length > 0) this.rows.push('superblock-lost');
    this.loadSegments();
    const clients = this.findClients();
    const scanner = this.scan();
    let facts = this.factsAt(scanner.point);
    let row = TAIL_ROWS.find(({ matches }) => matches(facts))!;
    let harmlessDamage = false;
    if (row.verdict === 'corrupt') {
      this.mapDamage(scanner, facts);
      if (this.damage.length === 0) {
        // Only what bears no LSN was hit; the log ends where the scan behind it did.
        this.rows.push('harmless-damage');
        harmlessDamage = true;
        facts = this.factsAt(scanner.point);
        row = TAIL_ROWS.find(({ matches }) => matches(facts))!;
      }
    }
    this.rows.push(row.name);
    const end = { ...scanner.point };
    if (row.verdict !== 'corrupt') this.checkUnits();
    const verdict = this.damage.length > 0 ? 'corrupt' : row.verdict;
    if (verdict !== 'corrupt') this.table.dropAbove(end.segment);
    const cut = this.unproven[0]?.point ?? end;
    // Without the table that they follow, runs say nothing: others may be missing before and between.
    if (clients.kept) this.runs.apply();
    else if (clients.wereThere) clients.table.lose(this.generationMax);
    this.collectSpares(end.segment);
    // Beyond proven damage, too, something may have been flushed last that nothing proves.
    const knownTo = this.damage.reduce((max, { to }) => Math.max(max, to), end.lastLsn);
    return {
      superblocks: [pair[0], pair[1]],
      superblock: this.superblock,
      geometry: this.geometry,
      table: this.table,
      verdict,
      end,
      cut,
      unproven: this.unproven,
      unitsFrom: this.unitsFrom,
      harmlessDamage,
      tailHeaderProven: this.isHeaderProven(end.segment),
      generationMax: this.generationMax,
      wallTimeMs: this.wallTimeMs,
      rows: this.rows,
      damage: this.damage,
      tailUncertain:
        row.verdict !== 'clean' && !facts.clean
          ? { from: knownTo + 1, evidence: facts.bytesBeyond ? 'bytes' : 'zeros' }
          : null,
      tornBytes:
        facts.bytesBeyond && !facts.clean ? tornBytesAt(this, this.blocks, this.table, end) : 0,
      scannedBytes: this.scannedBytes,
      invalidSuperblocks,
      clients,
    };
  }

  private findClients(): FoundClients {
    const { superblock } = this;
    const number = superblock.clientsSegment;
    if (number > 0 && this.table.get(number) === undefined) this.findByNextRecord(number);
    const blocks = new Blocks(this.file, this.geometry, CLIENTS_WINDOW_BYTES);
    const clients = findClients(this, blocks, superblock);
    this.runs = new ScannedRuns(clients.table);
    return clients;
  }

  /** Live segments from the headers: of two with one number the later generation counts. */
  private loadSegments(): void {
    const { superblock, table } = this;
    const headers = readSegmentHeaders(this.file, this.geometry, superblock.seedId);
    table.slotCount = headers.length;
    const slotsMax = Math.max(headers.length, Math.min(superblock.slotCount, SLOTS_MAX));
    if (this.file.getSize() < SLOTS_START + superblock.slotCount * superblock.segmentBytes) {
      this.rows.push('file-short');
    }
    for (const header of headers) {
      if (header === undefined || header.segment < superblock.firstSegment) continue;
      // Numbers are dense, and each has a slot: one beyond is nobody's, and must not be counted up to.
      if (header.segment >= superblock.firstSegment + slotsMax) continue;
      this.generationMax = Math.max(this.generationMax, header.generation);
      const rival = table.get(header.segment);
      if (rival !== undefined && rival.header.generation >= header.generation) continue;
      table.add(segmentOf(header, superblock.seedId));
    }
  }

  private scan(): Scanner {
    const { scanStart } = this.superblock;
    const scanner = new Scanner(this, this.blocks, scanStart);
    if (this.table.get(scanStart.segment) === undefined) this.findByNextRecord(scanStart.segment);
    this.scanOn(scanner);
    return scanner;
  }

  /** A segment without a valid header can still be read when the `next` record before it is there. */
  private findByNextRecord(number: number): void {
    if (!this.rows.includes('header-lost')) this.rows.push('header-lost');
    const before = this.table.get(number - 1);
    if (before === undefined) return;
    const scanner = new Scanner(this, this.blocks, beginningOf(before, this.geometry));
    while (scanner.point.segment < number && scanner.next());
  }

  private scanOn(scanner: Scanner): void {
    const { header } = scanner;
    let restart:
      | {
          before: ScanPoint;
          unproven: Unproven[];
          runs: readonly ScannedRun[];
          rewrittenTo: number;
        }
      | undefined;
    const before: MutablePoint = { ...scanner.point };
    let many = UNPROVEN_MANY;
    while (scanner.next()) {
      this.scannedBytes += header.headerBytes + header.bodyBytes;
      this.generationMax = Math.max(this.generationMax, header.generation);
      this.wallTimeMs = Math.max(this.wallTimeMs, header.wallTimeMs);
      this.provenLsn = Math.max(this.provenLsn, header.durableLsn);
      if (scanner.nextLost) {
        scanner.nextLost = false;
        if (!this.rows.includes('next-lost')) this.rows.push('next-lost');
      }
      if (scanner.start !== undefined) {
        const { lastLsn, rewrittenTo } = scanner.start;
        const runs = this.runs.restart(lastLsn);
        // A restart inside an unfinished one: should it be unfinished, too, the originals of both count.
        const unfinished = restart !== undefined && before.lastLsn < restart.rewrittenTo;
        restart = unfinished
          ? { ...restart!, rewrittenTo }
          : { before: { ...before }, unproven: this.unproven, runs, rewrittenTo };
        this.unproven = this.unproven.filter(({ point }) => point.lastLsn < lastLsn);
      } else if (scanner.bearsLsns && header.count > 0) {
        this.runs.note(header);
        this.unproven.push({ point: { ...scanner.batchPoint }, count: header.count });
        if (this.unproven.length > many) {
          this.dropProven();
          many = Math.max(UNPROVEN_MANY, 2 * this.unproven.length);
        }
      }
      copyPoint(before, scanner.point);
    }
    if (restart !== undefined && scanner.point.lastLsn < restart.rewrittenTo) {
      // A crash inside recovery: the copies are not all there, so the originals count.
      this.rows.push('restart-incomplete');
      Object.assign(scanner.point, restart.before);
      for (const { index } of this.table.live()) index.withdraw(restart.before.generation);
      this.unproven = restart.unproven;
      this.runs.restore(restart.runs);
    }
    this.dropProven();
  }

  private dropProven(): void {
    this.unproven = this.unproven.filter(
      ({ point, count }) => point.lastLsn + count > this.provenLsn,
    );
  }

  private factsAt(end: ScanPoint): TailFacts {
    return tailFactsAt(this, this.blocks, this.table, this.superblock, end, this.provenLsn);
  }

  /** Goes on past each damaged stretch, so that what is good can be served and what is not is named. */
  private mapDamage(scanner: Scanner, facts: TailFacts): void {
    const lastSegment = this.table.live().at(-1)?.header.segment ?? 0;
    for (;;) {
      const from = { ...scanner.point };
      const resume = resync(this, this.blocks, from, lastSegment) ?? this.resumeAtHeader(from);
      if (resume === undefined) break;
      if (resume.lastLsn > from.lastLsn) {
        this.damage.push({ from: from.lastLsn + 1, to: resume.lastLsn, proof: facts.proof });
      }
      this.table.get(resume.segment)?.index.resume(resume);
      Object.assign(scanner.point, resume);
      if (!scanner.next()) break;
      // The batch found by itself now counts in the log again; the scan goes on after it.
      Object.assign(scanner.point, resume);
      this.scanOn(scanner);
    }
    const proven = Math.max(this.provenLsn, facts.provenBeyond);
    if (proven > scanner.point.lastLsn) {
      this.damage.push({ from: scanner.point.lastLsn + 1, to: proven, proof: facts.proof });
    }
    if (this.damage.length > 0) this.unproven = [];
  }

  /**
   * What is about to be written again must be there. A fragment can be missing although its unit's end
   * was reached: it lies before `scanStart`, or at a segment's end, where a bad batch is passed by like
   * a lost `next` record. Either had been flushed before the end was written: it is damage, no torn tail.
   */
  private checkUnits(): void {
    const passedBy = this.rows.includes('next-lost');
    for (const { point } of this.unproven) {
      const scanner = new Scanner(this, this.blocks, point);
      const segment = this.table.get(point.segment);
      if (segment === undefined || !scanner.countsAt(segment, point.offset)) continue;
      for (const { unit, from, to } of unitsOf(scanner, this.blocks)) {
        this.unitsFrom = Math.min(this.unitsFrom, unit.firstSegment);
        if ((unit.settled && !passedBy) || this.isWhole(unit, from)) continue;
        if (this.damage.length === 0) this.rows.push('proven-damage');
        this.damage.push({ from, to, proof: 'segment' });
      }
    }
    if (this.damage.length > 0) this.unproven = [];
  }

  private isWhole(unit: UnitDescriptor, lsn: number): boolean {
    try {
      for (const _ of readFragments(this, this.blocks, unit, lsn));
      return true;
    } catch (error) {
      if (isVarveError(error, 'CORRUPT')) return false;
      throw error;
    }
  }

  private resumeAtHeader(from: ScanPoint): ScanPoint | undefined {
    const following = this.table
      .live()
      .find(
        ({ header, headerMissing }) =>
          !headerMissing && header.segment > from.segment && header.lastLsn >= from.lastLsn,
      );
    return following && beginningOf(following, this.geometry);
  }

  /**
   * Where sector writes are not trusted, a header that nothing but itself leads to is not written
   * again either: tearing it would lose what a flush that succeeded has made durable.
   */
  private isHeaderProven(number: number): boolean {
    const segment = this.table.get(number);
    const provenBatch = segment !== undefined && this.provenLsn > segment.header.lastLsn;
    const endangered = this.geometry.alignment > 16 && !this.named.has(number);
    return provenBatch || endangered || this.superblock.scanStart.segment === number;
  }

  /**
   * A slot is spare when no live segment can be in it. A live segment whose header is lost is looked
   * for through the record that names it; while one cannot be placed, no slot is given out again.
   */
  private collectSpares(lastSegment: number): void {
    const { table, superblock } = this;
    for (let number = superblock.firstSegment; number <= lastSegment; number++) {
      if (table.get(number) !== undefined) continue;
      this.findByNextRecord(number);
      if (table.get(number) === undefined) return;
    }
    const used = new Set(table.live().map(({ header }) => header.slot));
    for (let slot = 0; slot < table.slotCount; slot++) {
      if (!used.has(slot)) table.addSpare(slot);
    }
  }
}
