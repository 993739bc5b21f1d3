/**
 * The client table of an open journal, and what superblocks say of it.
 *
 * Always true:
 * - before the first batch with a client run is written, both superblocks say that there may be some
 * - where a superblock says that the table is kept, the record it names, and the runs from its
 *   `scanStart` on, make up the whole table; whoever moves `scanStart` without knowing of tables
 *   leaves that word out, and all clients are forgotten
 * - the record stands before `scanStart`, and was flushed before a superblock named it
 */
import { isVarveError, SystemType } from '@varve/protocol';
import { CLIENT_TABLE_BYTES_MAX, ClientTable } from './client-table.ts';
import { CompatFeature } from './format.ts';
import type { ScanPoint } from './position.ts';
import { addSystemRecord, readSystemRecord, type SystemRecordKind } from './system-record.ts';
import type { LogView } from './scanner.ts';
import type { Blocks } from './blocks.ts';
import type { Superblock } from './superblock.ts';
import type { UnitHost } from './unit.ts';

const TABLE: SystemRecordKind = {
  type: SystemType.EngineCheckpoint,
  headBytes: 0,
  bodyBytesMax: CLIENT_TABLE_BYTES_MAX,
  name: 'the table of clients',
};
const NO_HEAD = new Uint8Array(0);

type ClientMarks = Pick<Superblock, 'compat' | 'clientsKept' | 'clientsSegment' | 'clientsOffset'>;

/** What a recovery begins with: the table as it was at `scanStart`. */
export interface FoundClients {
  readonly table: ClientTable;
  /** What the superblock says of the table is so. */
  readonly kept: boolean;
  /** Stamps were sent: a table that is not kept was lost, and forgets everyone. */
  readonly wereThere: boolean;
}

/**
 * The table at `scanStart`. It is lost when a build that knows of none has moved `scanStart`, when the
 * store is a copy, or when the record is damaged. @throws VarveError IO_ERROR
 */
export function findClients(
  view: LogView,
  blocks: Blocks,
  { compat, clientsKept, clientsSegment, clientsOffset }: ClientMarks,
): FoundClients {
  const wereThere = (compat & CompatFeature.Clients) !== 0;
  const lost = { table: new ClientTable(), kept: false, wereThere };
  if (!wereThere || !clientsKept) return lost;
  if (clientsSegment === 0) return { ...lost, kept: true };
  const table = readTable(view, blocks, clientsSegment, clientsOffset);
  return table === undefined ? lost : { table, kept: true, wereThere };
}

function readTable(
  view: LogView,
  blocks: Blocks,
  segment: number,
  offset: number,
): ClientTable | undefined {
  try {
    return ClientTable.decode(readSystemRecord(view, blocks, TABLE, segment, offset).body);
  } catch (error) {
    if (isVarveError(error, 'CORRUPT')) return undefined;
    throw error;
  }
}

export class Clients {
  readonly table: ClientTable;
  /** `scanStart` does not move meanwhile. */
  isStaging = false;
  private compat: number;
  /** What superblocks say. */
  private kept: boolean;
  private segment = 0;
  private offset = 0;
  /** Written, and to be named when it is flushed. */
  private staged: Pick<ScanPoint, 'segment' | 'offset'> | undefined;

  constructor(marks: ClientMarks, { table, kept }: FoundClients) {
    this.table = table;
    this.compat = marks.compat;
    this.kept = kept;
    if (kept) {
      this.segment = marks.clientsSegment;
      this.offset = marks.clientsOffset;
    }
  }

  /** For superblocks. */
  get marks(): ClientMarks {
    return {
      compat: this.compat,
      clientsKept: this.kept,
      clientsSegment: this.segment,
      clientsOffset: this.offset,
    };
  }

  /** Superblocks do not say yet that there may be runs. */
  get isUnannounced(): boolean {
    return (this.compat & CompatFeature.Clients) === 0;
  }

  /** The next superblocks say so: nothing is forgotten, and nothing was there. */
  announce(): void {
    this.compat = (this.compat | CompatFeature.Clients) >>> 0;
    this.kept = true;
  }

  /** What superblocks say is not so, and a record would mend it. */
  get isLost(): boolean {
    return !this.isUnannounced && !this.kept;
  }

  /** `scanStart` moves without a record: until there is one, superblocks name no table. */
  lose(): void {
    this.kept = false;
    this.segment = 0;
    this.offset = 0;
    this.table.changed = true;
  }

  /** The oldest segment that the next recovery reads, if its scan begins in `scanSegment`. */
  oldestSegment(scanSegment: number): number {
    return this.segment === 0 ? scanSegment : Math.min(this.segment, scanSegment);
  }

  /** Bytes of the record, with what frames and batches add; 0: there is none. */
  get recordBytes(): number {
    return this.table.isEmpty ? 0 : Math.ceil(this.table.encodedBytes * 1.25) + 1_024;
  }

  /**
   * Stages the table, which a superblock with another `scanStart` must name once it is flushed. False:
   * there is no room for it, and `scanStart` stays. @throws GenerationFault
   */
  stage(host: UnitHost): boolean {
    const { tail } = host;
    const { purpose } = tail;
    tail.purpose = 'engine';
    this.isStaging = true;
    try {
      this.stageTable(host);
      return true;
    } catch (error) {
      if (!isVarveError(error)) throw error;
      return false;
    } finally {
      tail.purpose = purpose;
      this.isStaging = false;
    }
  }

  /** Where it says more than its last record, or that stands in an old segment. @throws what `slots` says */
  private stageTable(host: UnitHost): void {
    const { table } = this;
    if (this.isUnannounced) return;
    const at = this.staged ?? { segment: this.segment, offset: this.offset };
    if (table.isEmpty || (!table.changed && at.segment === host.tail.segment.header.segment)) {
      this.staged = at;
      return;
    }
    this.staged = addSystemRecord(host, TABLE, NO_HEAD, table.encode());
    table.changed = false;
  }

  /** What was staged is durable: the next superblock names it. */
  flushed(): void {
    if (this.staged === undefined) return;
    this.segment = this.staged.segment;
    this.offset = this.staged.offset;
    this.kept = true;
    this.staged = undefined;
  }
}
