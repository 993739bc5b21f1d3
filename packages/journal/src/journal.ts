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
import { invariant, readU64, writeU64 } from '@varve/bytes';
import type { SyncFile } from '@varve/files';
import {
  type DamageRange,
  newRecordFrame,
  type RecordFrame,
  readRecordFrame,
  RecordFlag,
  SystemType,
  VarveError,
} from '@varve/protocol';
import { Blocks } from './blocks.ts';
import { appendGroup, type GroupHost } from './group.ts';
import { STATE_HEAD_BYTES, UNIT_DESCRIPTOR_BYTES } from './format.ts';
import { alignUp, type Geometry } from './geometry.ts';
import type { ScanPoint } from './position.ts';
import { orEndGeneration } from './io.ts';
import { Reader, type ReadRange } from './reader.ts';
import type { Recovered } from './recovery.ts';
import { firstNeededSegment, lowWaterFor, type RetentionFacts } from './retention.ts';
import { rewriteUnproven } from './rewrite.ts';
import { type LogView, Scanner } from './scanner.ts';
import { type Segment, segmentFromNext } from './segment.ts';
import type { SegmentTable } from './segment-table.ts';
import { Slots } from './slots.ts';
import type { Chunk, StoreOptions } from './store-port.ts';
import type { Superblock } from './superblock.ts';
import { SuperblockPair } from './superblock-pair.ts';
import { Tail } from './tail.ts';
import {
  encodeUnitDescriptor,
  readUnitDescriptor,
  type UnitDescriptor,
} from './unit-descriptor.ts';
import { readFragments } from './unit-reader.ts';
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
/** `scanStart` moves when this much would have to be scanned; earlier in a store that may not grow so large. */
const SCAN_START_BYTES = 16 * 1_048_576;

export class Journal implements LogView, GroupHost {
  readonly geometry: Geometry;
  readonly table: SegmentTable;
  readonly tail: Tail;
  readonly slots: Slots;
  readonly units = new Set<OpenUnit>();
  readonly generation: number;
  readonly rewrittenRecords: number;
  readonly superblocks: SuperblockPair;
  coveredLsn: number;
  lowWater: number;
  /** Bytes written since `scanStart`, about. */
  bytesSinceScanStart: number;
  private scanStart: ScanPoint;
  private stateSegment: number;
  private stateOffset: number;
  private firstSegment: number;
  private readonly base: Superblock;
  private readonly recoveredEnd: ScanPoint;
  private readonly incarnation = new Uint8Array(16);
  private readonly file: SyncFile;
  private readonly options: StoreOptions;
  private readonly environment: JournalEnvironment;
  private readonly reader: Reader;
  private readonly pointBlocks: Blocks;
  private readonly holders = new Set<{ lsn: number }>();
  private waiting: { segment: number; slots: number[] }[] = [];

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
    this.lowWater = superblock.lowWater;
    this.scanStart = recovered.harmlessDamage ? cut : superblock.scanStart;
    this.stateSegment = superblock.stateSegment;
    this.stateOffset = superblock.stateOffset;
    this.firstSegment = superblock.firstSegment;
    this.bytesSinceScanStart = recovered.scannedBytes;
    environment.fill(this.incarnation);
    this.superblocks = new SuperblockPair(file, recovered.superblocks);
    const capacity = geometry.footerOffset - geometry.firstOffset;
    this.slots = new Slots(
      file,
      geometry,
      table,
      {
        maxBytes: options.maxBytes,
        reserve: Math.ceil((options.maxStateBytes * 1.1 + 4_096) / capacity),
      },
      () => this.writeSuperblock(),
      () => this.freeRetired(),
    );
    const segment = table.get(end.segment);
    invariant(segment !== undefined, 'a log that may be written ends in a segment');
    const rewrittenTo = end.lastLsn;
    this.tail = new Tail(
      file,
      {
        geometry,
        seedId: superblock.seedId,
        generation: this.generation,
        table,
        slots: this.slots,
        wallMs: () => environment.wallMs(),
        randomSalt: () => {
          const salt = new Uint8Array(8);
          environment.fill(salt);
          return salt;
        },
        oldestOpenUnit: () => this.oldestOpenUnit(),
      },
      {
        segment,
        offset:
          recovered.verdict === 'clean'
            ? end.offset
            : alignUp(end.offset, geometry.restartAlignment),
        headerProven: recovered.tailHeaderProven,
        start: {
          lastLsn: cut.lastLsn,
          cutSegment: cut.segment,
          cutOffset: cut.offset,
          chain: cut.chain,
          previousGeneration: cut.generation,
          rewrittenTo,
        },
        wallTimeMs: recovered.wallTimeMs,
      },
    );
    const blocks = new Blocks(file, geometry, SCAN_WINDOW_BYTES);
    this.pointBlocks = new Blocks(file, geometry, POINT_WINDOW_BYTES);
    this.reader = new Reader(this, table, blocks, this.pointBlocks, environment.onDamage);
    // What an earlier process wrote and never flushed (half a superblock, say) is settled before the
    // first write puts anything else at risk.
    orEndGeneration(() => file.flush(), 'flushing the journal failed');
    this.tail.ensureHeader();
    this.writeBoth();
    this.rewrittenRecords = rewriteUnproven(this, recovered.unproven);
    invariant(
      this.tail.durableLsn === rewrittenTo,
      'what recovery found is durable before it is served',
    );
  }

  segment(number: number): Segment | undefined {
    return this.table.get(number);
  }

  limit(segment: Segment): number {
    return segment === this.tail.segment ? this.tail.writtenOffset : this.geometry.segmentBytes;
  }

  follow(
    next: { segment: number; slot: number; salt: Uint8Array },
    from: ScanPoint,
  ): Segment | undefined {
    const known = this.table.get(next.segment);
    if (known !== undefined) return known;
    if (next.segment > this.tail.segment.header.segment) return undefined;
    // Its header was lost after it was written: what is known comes from the record before it.
    const made = segmentFromNext(next, from, this.base.seedId);
    this.table.add(made);
    return made;
  }

  /** Blocks for reading single places, apart from the sequential window. */
  get blocks(): Blocks {
    return this.pointBlocks;
  }

  /**
   * Appends one atomic group of record frames; it is staged, not yet written. Returns its number of
   * records. @throws VarveError (nothing of it will ever be visible), GenerationFault
   */
  append(frames: Uint8Array, from: number, to: number): number {
    return appendGroup(this, frames, from, to);
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
  }

  /** Everything appended is durable when it returns; moves `scanStart` when it lags. */
  flush(): void {
    const before = this.tail.unflushedBytes;
    this.tail.flush(() => this.environment.nowMs());
    this.bytesSinceScanStart += before;
    if (this.bytesSinceScanStart > this.scanStartBytes) this.moveScanStart();
  }

  private get scanStartBytes(): number {
    const share = Math.max(2 * this.geometry.segmentBytes, this.options.maxBytes / 4);
    return Math.min(SCAN_START_BYTES, share);
  }

  get scanPoint(): ScanPoint {
    return this.scanStart;
  }

  /** Only when everything is flushed: recovery will take what lies before it for proven. */
  private moveScanStart(): void {
    this.scanStart = this.endPoint;
    this.bytesSinceScanStart = 0;
    this.applyRetention();
    this.writeSuperblock();
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
    tail.purpose = 'engine';
    try {
      const point = this.addState(state, upTo);
      this.flush();
      this.stateSegment = point.segment;
      this.stateOffset = point.offset;
    } finally {
      tail.purpose = 'append';
    }
    this.coveredLsn = upTo;
    this.scanStart = tail.point;
    this.bytesSinceScanStart = 0;
    this.applyRetention();
    this.writeBoth();
  }

  private addState(state: Uint8Array, upTo: number): ScanPoint {
    const inline = STATE_HEAD_BYTES + state.length + 16 <= this.geometry.bodyMax;
    const payload = new Uint8Array(
      STATE_HEAD_BYTES + (inline ? state.length : UNIT_DESCRIPTOR_BYTES),
    );
    writeU64(payload, 0, upTo);
    if (inline) {
      payload.set(state, STATE_HEAD_BYTES);
      return this.tail.addControl(SystemType.State, payload);
    }
    const unit = new OpenUnit(this, Number.MAX_SAFE_INTEGER);
    try {
      unit.write(state, 0, state.length);
      payload.set(encodeUnitDescriptor(unit.finish(payload.length + 16)), STATE_HEAD_BYTES);
      return this.tail.addControl(SystemType.State, payload, RecordFlag.External);
    } finally {
      unit.close();
    }
  }

  /** The last checkpoint's state. @throws VarveError CORRUPT */
  readState(): { state: Uint8Array; coveredLsn: number } | undefined {
    if (this.stateSegment === 0) return undefined;
    return readStateAt(this, this.pointBlocks, this.stateSegment, this.stateOffset);
  }

  /** Lets go of what lies below `before`. */
  trim(before: number): void {
    this.tail.flush(() => this.environment.nowMs());
    const limit = this.coveredLsn > 0 ? this.coveredLsn + 1 : this.tail.durableLsn + 1;
    this.lowWater = Math.max(this.lowWater, Math.min(before, limit));
    // Else history that nobody wants would stay for the next recovery to scan.
    this.moveScanStart();
  }

  /** History that a reader has not read yet stays, within its budget. */
  hold(lsn: number): { lsn: number } {
    const holder = { lsn };
    this.holders.add(holder);
    return holder;
  }

  release(holder: { lsn: number }): void {
    this.holders.delete(holder);
  }

  get holderCount(): number {
    return this.holders.size;
  }

  /** Whether more than `readerHoldBytes` of history lies behind this LSN. */
  isLagging(lsn: number): boolean {
    const segment = this.table.holding(lsn)?.header.segment ?? 0;
    const behind = (this.tail.segment.header.segment - segment) * this.geometry.segmentBytes;
    return behind > this.options.readerHoldBytes;
  }

  get firstLsn(): number {
    const oldest = this.table.get(this.firstSegment);
    return Math.max(this.lowWater, (oldest?.header.lastLsn ?? 0) + 1, 1);
  }

  private retentionFacts(): RetentionFacts {
    return {
      lowWater: this.lowWater,
      coveredLsn: this.coveredLsn,
      lastLsn: this.tail.durableLsn,
      scanSegment: this.scanStart.segment,
      stateSegment: this.stateSegment,
      tailSegment: this.tail.segment.header.segment,
      segmentBytes: this.geometry.segmentBytes,
      heldLsns: [...this.holders].map(({ lsn }) => lsn).filter((lsn) => !this.isLagging(lsn)),
      openUnitSegments: [...this.units]
        .map((unit) => unit.firstSegment)
        .filter((n) => n !== undefined),
    };
  }

  private applyRetention(): void {
    const live = this.table.live();
    this.lowWater = Math.max(1, lowWaterFor(this.options.keep, this.retentionFacts(), live));
    this.firstSegment = Math.max(
      this.firstSegment,
      firstNeededSegment(live, this.retentionFacts()),
    );
  }

  /** Writes one superblock with the marks as they are; frees what both now agree is gone. */
  private writeSuperblock(clean = false): void {
    this.superblocks.write(this.superblockNow(clean));
    const slots = this.table.retireBelow(this.firstSegment);
    if (slots.length > 0) this.waiting.push({ segment: this.firstSegment, slots });
    const gone = this.superblocks.firstSegmentInBoth;
    for (const retired of this.waiting.filter(({ segment }) => segment <= gone)) {
      for (const slot of retired.slots) this.table.addSpare(slot);
    }
    this.waiting = this.waiting.filter(({ segment }) => segment > gone);
  }

  /** What is acknowledged next stands in both superblocks: either may be lost. */
  private writeBoth(clean = false): void {
    this.writeSuperblock(clean);
    this.writeSuperblock(clean);
  }

  private freeRetired(): void {
    this.applyRetention();
    const mayFree =
      this.table.live()[0]!.header.segment < this.firstSegment || this.waiting.length > 0;
    if (mayFree) this.writeSuperblock();
    if (this.waiting.length > 0) this.writeSuperblock();
  }

  /** Records between `after` and `upTo`, ascending or descending. */
  read(range: ReadRange, reverse: boolean): Chunk {
    return reverse ? this.reader.backward(range) : this.reader.forward(range);
  }

  private oldestOpenUnit(): number | undefined {
    const segments = [...this.units]
      .map((unit) => unit.firstSegment)
      .filter((n) => n !== undefined);
    return segments.length === 0 ? undefined : Math.min(...segments);
  }

  /** An empty batch that proves what was flushed. */
  mark(): void {
    this.tail.addMark();
  }

  /** Flushes and leaves both superblocks saying that the store ended properly, and where. */
  closeClean(): void {
    this.tail.flush(() => this.environment.nowMs());
    // A mark is not flushed for its own sake; a place behind it is about to be named.
    orEndGeneration(() => this.file.flush(), 'flushing at the close failed');
    this.scanStart = this.endPoint;
    this.writeBoth(true);
  }

  /** Where the log ends; everything before it is durable when nothing is dirty. */
  get endPoint(): ScanPoint {
    return this.tail.begun ? this.tail.point : this.recoveredEnd;
  }

  /** The journal file, for images. */
  get journalFile(): SyncFile {
    return this.file;
  }

  /** The fixed part of the superblocks. */
  get identity(): Superblock {
    return this.base;
  }

  /** What a superblock would say now. */
  superblockNow(clean: boolean): Omit<Superblock, 'sequence'> {
    return {
      ...this.base,
      clean,
      incarnation: this.incarnation,
      generation: this.generation,
      slotCount: this.table.slotCount,
      firstSegment: this.firstSegment,
      firstLsn: this.firstLsn,
      lowWater: this.lowWater,
      scanStart: this.scanStart,
      stateSegment: this.stateSegment,
      stateOffset: this.stateOffset,
      coveredLsn: this.coveredLsn,
      durableLsn: this.tail.durableLsn,
      writtenAtMs: Math.max(0, Math.floor(this.environment.wallMs())),
    };
  }
}

/** The state record at a place. @throws VarveError CORRUPT */
export function readStateAt(
  view: LogView,
  blocks: Blocks,
  segmentNumber: number,
  offset: number,
): { state: Uint8Array; coveredLsn: number } {
  const segment = view.segment(segmentNumber);
  const scanner = new Scanner(view, blocks, {
    segment: segmentNumber,
    offset,
    generation: 0,
    lastLsn: 0,
    chain: 0,
  });
  const frame = newRecordFrame();
  const found =
    segment !== undefined && scanner.countsAt(segment, offset) && readStateFrame(scanner, frame);
  const head = found ? readU64(blocks.bytes, frame.payloadStart) : Number.NaN;
  if (!found || Number.isNaN(head)) {
    throw new VarveError('CORRUPT', 'the last checkpoint’s state is damaged', {
      facts: { segment: segmentNumber, offset },
    });
  }
  const start = frame.payloadStart + STATE_HEAD_BYTES;
  if ((frame.flags & RecordFlag.External) === 0) {
    return { state: blocks.bytes.slice(start, frame.payloadEnd), coveredLsn: head };
  }
  const unit = readUnitDescriptor(blocks.bytes, start);
  if (unit === undefined) throw new VarveError('CORRUPT', 'the last checkpoint’s state is damaged');
  return { state: gather(view, blocks, unit, head), coveredLsn: head };
}

function readStateFrame(scanner: Scanner, into: RecordFrame): boolean {
  const end = readRecordFrame(scanner.blocks.bytes, scanner.bodyStart, scanner.bodyEnd, into);
  return (
    end >= 0 &&
    into.type === SystemType.State &&
    into.payloadEnd - into.payloadStart >= STATE_HEAD_BYTES
  );
}

/** All bytes of a unit. */
export function gather(
  view: LogView,
  blocks: Blocks,
  unit: UnitDescriptor,
  lsn: number,
): Uint8Array {
  const bytes = new Uint8Array(unit.bytes);
  let at = 0;
  for (const fragment of readFragments(view, blocks, unit, lsn)) {
    const piece = fragment.bytes.subarray(fragment.start, fragment.end);
    if (at + piece.length > bytes.length) break;
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
