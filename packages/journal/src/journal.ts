/**
 * The journal of one open store: a synchronous core, driven by `Store` (and by the simulator).
 *
 * Who owns what: `Tail` the end of the log and what is durable; `SegmentTable` which segment is
 * where; `Slots` growth; `SuperblockPair` the two superblocks; `Reader` the way back. Here: the three
 * marks (`scanStart`, `coveredLsn`, `lowWater`) and the order of flushes between all of them.
 *
 * Always true:
 * - both superblocks of this generation are on disk before anything is acknowledged in it
 * - `scanStart`, the state's place and `durableLsn` in a superblock were flushed before it was written
 * - a slot is used again only when both superblocks say that its segment is gone
 */
import { invariant } from '@varve/bytes';
import type { SyncFile } from '@varve/files';
import { type DamageRange, VarveError } from '@varve/protocol';
import { beginningAfter } from './beginning.ts';
import { Blocks } from './blocks.ts';
import type { NextRecord } from './control.ts';
import { Clients } from './clients.ts';
import type { ClientRun } from './client-run.ts';
import type { Geometry } from './geometry.ts';
import { appendGroup, type GroupHost } from './group.ts';
import { History, type LogNeeds } from './history.ts';
import { orEndGeneration } from './io.ts';
import type { ScanPoint } from './position.ts';
import { Reader, type ReadRange } from './reader.ts';
import type { Recovered } from './recovery.ts';
import { rewriteUnproven } from './rewrite.ts';
import type { Segment } from './segment.ts';
import type { SegmentTable } from './segment-table.ts';
import { ScanStart } from './scan-start.ts';
import { Scrub, type ScrubHost } from './scrub.ts';
import { slotsFor, Slots } from './slots.ts';
import { addState, readStateAt, type StoredState } from './state-record.ts';
import type { Chunk, StoreOptions } from './store-port.ts';
import type { Superblock } from './superblock.ts';
import { SuperblockPair } from './superblock-pair.ts';
import { Tail } from './tail.ts';
import { tailHostOf } from './tail-host.ts';
import { OpenUnit } from './unit.ts';

/** The platform as far as the core needs it. */
export interface JournalEnvironment {
  nowMs(): number;
  wallMs(): number;
  fill(bytes: Uint8Array): void;
  onDamage(range: DamageRange): void;
}

const SCAN_WINDOW_BYTES = 262_144;
const POINT_WINDOW_BYTES = 131_072;
export class Journal implements GroupHost, ScrubHost {
  readonly geometry: Geometry;
  readonly table: SegmentTable;
  readonly tail: Tail;
  readonly slots: Slots;
  readonly units = new Set<OpenUnit>();
  readonly generation: number;
  readonly rewrittenRecords: number;
  /** The oldest segment that records which are being written again need; Infinity: none. */
  rewrittenFrom: number;
  readonly superblocks: SuperblockPair;
  readonly history: History;
  readonly scrub: Scrub;
  readonly clients: Clients;
  coveredLsn: number;
  private readonly scanStart: ScanStart;
  private stateSegment: number;
  private stateOffset: number;
  /** False until all that recovery found is durable in this generation: `scanStart` stays until then. */
  private serving = false;
  private readonly base: Superblock;
  private readonly recoveredEnd: ScanPoint;
  private readonly incarnation = new Uint8Array(16);
  private readonly file: SyncFile;
  private readonly options: StoreOptions;
  private readonly environment: JournalEnvironment;
  private readonly reader: Reader;
  private readonly pointBlocks: Blocks;

  /**
   * Begins a new generation on what recovery found: writes both superblocks, then the records that
   * nothing proves, and flushes. @throws GenerationFault, VarveError
   */
  constructor(
    file: SyncFile,
    recovered: Recovered,
    options: StoreOptions,
    environment: JournalEnvironment,
  ) {
    const { superblock, end, cut, table, geometry } = recovered;
    this.file = file;
    this.options = options;
    this.environment = environment;
    this.base = superblock;
    this.recoveredEnd = end;
    this.geometry = geometry;
    this.table = table;
    this.generation = recovered.generationMax + 1;
    this.coveredLsn = superblock.coveredLsn;
    this.scanStart = new ScanStart(
      recovered.harmlessDamage ? cut : superblock.scanStart,
      recovered.scannedBytes,
      geometry,
      options.maxBytes,
    );
    this.stateSegment = superblock.stateSegment;
    this.stateOffset = superblock.stateOffset;
    environment.fill(this.incarnation);
    this.superblocks = new SuperblockPair(file, recovered.superblocks);
    this.history = new History(superblock, table, geometry, options, () => this.needs());
    this.clients = new Clients(superblock, recovered.clients);
    if (recovered.harmlessDamage) this.clients.lose();
    this.slots = new Slots(
      file,
      geometry,
      table,
      {
        maxBytes: options.maxBytes,
        reserve: () =>
          slotsFor(options.maxStateBytes * 1.1 + 4_096 + this.clients.recordBytes, geometry),
      },
      () => this.writeSuperblock(),
      () => this.freeRetired(),
    );
    const rewrittenTo = end.lastLsn;
    this.rewrittenFrom = recovered.unitsFrom;
    this.tail = new Tail(file, tailHostOf(this, environment), beginningAfter(recovered));
    const blocks = new Blocks(file, geometry, SCAN_WINDOW_BYTES);
    this.pointBlocks = new Blocks(file, geometry, POINT_WINDOW_BYTES);
    this.reader = new Reader(this, table, blocks, this.pointBlocks, environment.onDamage);
    this.scrub = new Scrub(file, this, superblock, environment.onDamage);
    // What an earlier process wrote and never flushed (half a superblock, say) is settled before the
    // first write puts anything else at risk.
    orEndGeneration(() => file.flush(), 'flushing the journal failed');
    this.tail.ensureHeader();
    this.writeBoth();
    this.rewrittenRecords = rewriteUnproven(this, recovered.unproven);
    this.rewrittenFrom = Infinity;
    invariant(
      this.tail.durableLsn === rewrittenTo,
      'what recovery found is durable before it is served',
    );
    this.serving = true;
    if (this.clients.isLost) this.moveScanStart();
  }

  segment(number: number): Segment | undefined {
    return this.table.get(number);
  }

  limit(segment: Segment): number {
    return segment === this.tail.segment ? this.tail.writtenOffset : this.geometry.segmentBytes;
  }

  follow(next: NextRecord, from: ScanPoint): Segment | undefined {
    if (next.segment > this.tail.segment.header.segment) return undefined;
    return this.table.named(next, from, this.base.seedId);
  }

  get lastGeneration(): number {
    return this.generation;
  }

  /** Blocks for reading single places, apart from the sequential window. */
  get blocks(): Blocks {
    return this.pointBlocks;
  }

  /**
   * Appends one atomic group of record frames; it is staged, not yet written. Returns its number of
   * records. @throws VarveError (nothing of it will ever be visible), GenerationFault
   */
  append(frames: Uint8Array, from: number, to: number, run?: ClientRun): number {
    const { lastLsn } = this.tail;
    const count = appendGroup(this, frames, from, to, run);
    if (run !== undefined) this.clients.table.apply(run, lastLsn + 1, count, this.generation);
    return count;
  }

  /** One record frame that fits in a batch. */
  addRecord(frame: Uint8Array, run: ClientRun | undefined): void {
    this.tail.addRecords(frame, 0, frame.length, 1, run);
    if (run !== undefined) this.clients.table.apply(run, this.tail.lastLsn, 1, this.generation);
  }

  /** Before the first record of a client's message: from now on there may be some. */
  expectClients(): void {
    if (!this.clients.isUnannounced) return;
    this.clients.announce();
    this.writeBoth();
  }

  get recordBytesMax(): number {
    return this.options.maxRecordBytes;
  }

  openUnit(): OpenUnit {
    if (this.units.size >= this.options.openUnitsMax) {
      throw new VarveError('UNIT_LIMIT', undefined, {
        facts: { openUnitsMax: this.options.openUnitsMax },
        outcome: 'not-written',
      });
    }
    return new OpenUnit(this, this.options.maxRecordBytes);
  }

  write(): void {
    this.tail.write();
    this.keepUp();
  }

  /** Everything appended is durable when it returns; moves `scanStart` when it lags. */
  flush(): void {
    this.flushTail();
    if (this.scanStartLags) this.moveScanStart();
  }

  keepUp(): void {
    if (this.scanStartLags) this.flush();
  }

  /** Bytes that the next open would scan, about. */
  get bytesSinceScanStart(): number {
    return this.scanStart.bytesSince(this.tail.totalBytes);
  }

  /**
   * While recovery's copies are being written a superblock behind their start record would void the
   * originals of those that are still to come.
   */
  private get scanStartLags(): boolean {
    const mayMove = this.serving && !this.clients.isStaging;
    return mayMove && this.scanStart.lags(this.tail.totalBytes);
  }

  get scanPoint(): ScanPoint {
    return this.scanStart.point;
  }

  /** Only when everything is flushed: recovery will take what lies before it for proven. */
  private moveScanStart(): void {
    const kept = this.clients.stage(this);
    if (kept) {
      this.flushTail();
      this.beginScanAt(this.endPoint);
    } else this.scanStart.refuse(this.tail.totalBytes);
    this.history.apply();
    this.writeSuperblock();
  }

  private flushTail(): void {
    this.tail.flush(() => this.environment.nowMs());
    this.clients.flushed();
  }

  private beginScanAt(point: ScanPoint): void {
    this.scanStart.move(point, this.tail.totalBytes);
  }

  /** Stores a state. Durable, and named by a superblock, when it returns. */
  checkpoint(state: Uint8Array, upTo: number): void {
    const { tail, options } = this;
    if (state.length > options.maxStateBytes) {
      throw new VarveError('STATE_TOO_LARGE', undefined, {
        facts: { bytes: state.length, maxStateBytes: options.maxStateBytes },
      });
    }
    if (!Number.isSafeInteger(upTo) || upTo < this.coveredLsn || upTo > tail.lastLsn) {
      throw new VarveError('BAD_ARGUMENT', 'upTo lies outside of what can be covered', {
        facts: { upTo, coveredLsn: this.coveredLsn, lastLsn: tail.lastLsn },
      });
    }
    let kept = false;
    tail.purpose = 'engine';
    try {
      const point = addState(this, state, upTo);
      kept = this.clients.stage(this);
      this.flush();
      this.stateSegment = point.segment;
      this.stateOffset = point.offset;
    } finally {
      tail.purpose = 'append';
    }
    this.coveredLsn = upTo;
    if (kept) this.beginScanAt(tail.point);
    this.history.apply();
    this.writeBoth();
  }

  /** The last checkpoint's state. @throws VarveError CORRUPT */
  readState(): StoredState | undefined {
    if (this.stateSegment === 0) return undefined;
    return readStateAt(this, this.pointBlocks, this.stateSegment, this.stateOffset);
  }

  /** Lets go of what lies below `before`. */
  trim(before: number): void {
    this.flushTail();
    this.history.letGo(before);
    // Else history that nobody wants would stay for the next recovery to scan.
    this.moveScanStart();
  }

  private needs(): LogNeeds {
    return {
      coveredLsn: this.coveredLsn,
      lastLsn: this.tail.durableLsn,
      scanSegment: this.clients.oldestSegment(this.scanPoint.segment),
      stateSegment: this.stateSegment,
      tailSegment: this.tail.segment.header.segment,
      openUnitSegments: this.openUnitSegments,
    };
  }

  /** Writes one superblock with the marks as they are; frees what both now agree is gone. */
  private writeSuperblock(clean = false): void {
    this.superblocks.write(this.superblockNow(clean));
    this.history.superblockWritten(this.superblocks.firstSegmentInBoth);
  }

  /** What is acknowledged next stands in both superblocks: either may be lost. */
  private writeBoth(clean = false): void {
    this.writeSuperblock(clean);
    this.writeSuperblock(clean);
  }

  private freeRetired(): void {
    this.history.apply();
    // One names what is gone, and the other must agree before its slots are spare.
    for (let turn = 0; turn < 2 && this.history.hasRetired; turn++) this.writeSuperblock();
  }

  /** Records between `after` and `upTo`, ascending or descending. */
  read(range: ReadRange, reverse: boolean): Chunk {
    return reverse ? this.reader.backward(range) : this.reader.forward(range);
  }

  oldestUnitSegment(): number {
    return Math.min(this.rewrittenFrom, ...this.openUnitSegments);
  }

  private get openUnitSegments(): number[] {
    return [...this.units].map((unit) => unit.firstSegment).filter((n) => n !== undefined);
  }

  /** An empty batch that proves what was flushed. */
  mark(): void {
    this.tail.addMark();
  }

  /** Flushes and leaves both superblocks saying that the store ended properly, and where. */
  closeClean(): void {
    const kept = this.clients.stage(this);
    this.flushTail();
    // A mark is not flushed for its own sake; a place behind it is about to be named.
    orEndGeneration(() => this.file.flush(), 'flushing at the close failed');
    if (kept) this.beginScanAt(this.endPoint);
    this.writeBoth(kept);
  }

  /** Where the log ends; everything before it is durable when nothing is dirty. */
  get endPoint(): ScanPoint {
    return this.tail.begun ? this.tail.point : this.recoveredEnd;
  }

  /** Where what is written ends. */
  get writtenEnd(): Pick<ScanPoint, 'segment' | 'offset' | 'lastLsn'> {
    const { begun, segment, writtenOffset, writtenLsn } = this.tail;
    if (!begun) return this.recoveredEnd;
    return { segment: segment.header.segment, offset: writtenOffset, lastLsn: writtenLsn };
  }

  get seedId(): Uint8Array {
    return this.base.seedId;
  }

  /** The journal file, for images. */
  get journalFile(): SyncFile {
    return this.file;
  }

  /** What a superblock would say now. */
  superblockNow(clean: boolean): Omit<Superblock, 'sequence'> {
    return {
      ...this.base,
      clean,
      incarnation: this.incarnation,
      generation: this.generation,
      slotCount: this.table.slotCount,
      firstSegment: this.history.firstSegment,
      firstLsn: this.history.firstLsn,
      lowWater: this.history.lowWater,
      scanStart: this.scanPoint,
      stateSegment: this.stateSegment,
      stateOffset: this.stateOffset,
      coveredLsn: this.coveredLsn,
      durableLsn: this.tail.statedDurableLsn,
      ...this.scrub.mark,
      ...this.clients.marks,
      writtenAtMs: Math.max(0, Math.floor(this.environment.wallMs())),
    };
  }
}
