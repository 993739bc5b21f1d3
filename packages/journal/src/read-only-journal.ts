/**
 * A journal that is only read: damaged, opened by a tool, or with features this build cannot write.
 *
 * Always true: it never writes a byte; what it serves passed every check; damage is an error, with
 * its range, and reading can go on behind it.
 */
import type { SyncFile } from '@varve/files';
import { VarveError } from '@varve/protocol';
import { Blocks } from './blocks.ts';
import type { NextRecord } from './control.ts';
import type { Geometry } from './geometry.ts';
import type { JournalEnvironment } from './journal.ts';
import type { ScanPoint } from './position.ts';
import { Reader, type ReadRange } from './reader.ts';
import type { Recovered } from './recovery.ts';
import type { LogView } from './scanner.ts';
import type { Segment } from './segment.ts';
import type { SegmentTable } from './segment-table.ts';
import { readStateAt, type StoredState } from './state-record.ts';
import type { Chunk } from './store-port.ts';

export class ReadOnlyJournal implements LogView {
  readonly geometry: Geometry;
  readonly table: SegmentTable;
  readonly blocks: Blocks;
  readonly file: SyncFile;
  readonly recovered: Recovered;
  private readonly reader: Reader;

  constructor(
    file: SyncFile,
    recovered: Recovered,
    environment: Pick<JournalEnvironment, 'onDamage'>,
  ) {
    this.file = file;
    this.recovered = recovered;
    this.geometry = recovered.geometry;
    this.table = recovered.table;
    this.blocks = new Blocks(file, this.geometry, 131_072);
    const window = new Blocks(file, this.geometry, 262_144);
    this.reader = new Reader(this, this.table, window, this.blocks, environment.onDamage);
  }

  get lastLsn(): number {
    const damagedTo = this.recovered.damage.reduce((max, { to }) => Math.max(max, to), 0);
    return Math.max(this.recovered.end.lastLsn, damagedTo);
  }

  get firstLsn(): number {
    // From the superblock, not from the oldest header that verifies: a lost one must not shorten history.
    const { lowWater, firstLsn } = this.recovered.superblock;
    return Math.max(lowWater, firstLsn, 1);
  }

  segment(number: number): Segment | undefined {
    return this.table.get(number);
  }

  limit(): number {
    return this.geometry.segmentBytes;
  }

  follow(next: NextRecord, from: ScanPoint): Segment {
    return this.table.named(next, from, this.recovered.superblock.seedId);
  }

  get lastGeneration(): number {
    return this.recovered.generationMax;
  }

  read(range: ReadRange, reverse: boolean): Chunk {
    const named = this.recovered.damage.find(
      ({ from, to }) => from <= range.after + 1 && to >= range.after + 1,
    );
    if (named !== undefined && !reverse) {
      throw new VarveError('CORRUPT', `records ${named.from} to ${named.to} are damaged`, {
        facts: { from: named.from, to: named.to },
      });
    }
    return reverse ? this.reader.backward(range) : this.reader.forward(range);
  }

  readState(): StoredState | undefined {
    const { stateSegment, stateOffset } = this.recovered.superblock;
    return stateSegment === 0
      ? undefined
      : readStateAt(this, this.blocks, stateSegment, stateOffset);
  }
}
