/**
 * A journal file, opened to be looked at: its superblocks, its segments, and what recovery would do.
 *
 * Always true: no byte is written, no lock is taken; what is missing or damaged is a field here, and
 * only what is no store at all, or of an unknown version, is an error.
 */
import fs from 'node:fs';
import { SLOTS_START, SUPERBLOCK_BYTES, SUPERBLOCK_MAGIC, SUPERBLOCK_PLACES } from '@varve/journal';
import {
  assertUsable,
  type Geometry,
  geometryOf,
  hex,
  type LogView,
  type NextRecord,
  readSegmentHeaders,
  readSuperblock,
  ReadOnlyJournal,
  type Recovered,
  Recovery,
  type ScanPoint,
  type Segment,
  segmentOf,
  SegmentTable,
  type Superblock,
} from '@varve/journal/inspect';
import { CommandError, Exit, foreign } from './exit.ts';
import { ReadOnlyFile } from './read-only-file.ts';
import type { Source } from './source.ts';

type Pair = readonly [Superblock | undefined, Superblock | undefined];

export class StoreView implements LogView {
  readonly source: Source;
  readonly file: ReadOnlyFile;
  readonly superblocks: Pair;
  /** The one that leads. */
  readonly superblock: Superblock;
  readonly geometry: Geometry;
  readonly table: SegmentTable;
  /** What recovery would find; undefined when it finds only damage that it cannot get around. */
  readonly recovered: Recovered | undefined;
  readonly recoveryError: Error | undefined;

  constructor(source: Source) {
    this.source = source;
    this.file = new ReadOnlyFile(source.journalPath);
    try {
      this.superblocks = readPair(this.file, source);
      this.superblock = newestOf(this.superblocks, this.file, source);
      assertUsable(this.superblock, source.name);
      const { segmentBytes, alignment, slotCount } = this.superblock;
      this.geometry = geometryOf(segmentBytes, alignment);
      this.file.expectedBytes = Math.min(
        SLOTS_START + slotCount * segmentBytes,
        this.file.realBytes + SLOTS_START + 1024 * segmentBytes,
      );
      const attempt = this.#recover();
      this.recovered = attempt instanceof Error ? undefined : attempt;
      this.recoveryError = attempt instanceof Error ? attempt : undefined;
      this.table = this.recovered?.table ?? this.#tableOfHeaders();
    } catch (error) {
      this.file.close();
      throw error;
    }
  }

  /** For reading records; its damage is told through `onDamage`-less errors. */
  journal(): ReadOnlyJournal {
    if (this.recovered === undefined) throw this.recoveryError!;
    return new ReadOnlyJournal(this.file, this.recovered, { onDamage: () => undefined });
  }

  segment(number: number): Segment | undefined {
    return this.table.get(number);
  }

  limit(): number {
    return this.geometry.segmentBytes;
  }

  follow(next: NextRecord, from: ScanPoint): Segment {
    return this.table.named(next, from, this.superblock.seedId);
  }

  get lastGeneration(): number {
    return this.recovered?.generationMax ?? this.superblock.generation;
  }

  close(): void {
    this.file.close();
  }

  #recover(): Recovered | Error {
    const { witness } = this.source;
    const known = witness?.seedId === hex(this.superblock.seedId) ? witness.durableLsn : 0;
    try {
      return new Recovery(this.file, this.superblock, known).run(this.superblocks);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #tableOfHeaders(): SegmentTable {
    const { seedId, firstSegment } = this.superblock;
    const table = new SegmentTable();
    const headers = readSegmentHeaders(this.file, this.geometry, seedId);
    table.slotCount = headers.length;
    for (const header of headers) {
      if (header === undefined || header.segment < firstSegment) continue;
      const rival = table.get(header.segment);
      if (rival !== undefined && rival.header.generation >= header.generation) continue;
      table.add(segmentOf(header, seedId));
    }
    return table;
  }
}

function readPair(file: ReadOnlyFile, source: Source): Pair {
  if (file.realBytes === 0) throw foreign(`${source.journalPath} is empty`);
  return [readSuperblock(file, 0), readSuperblock(file, 1)];
}

function newestOf([a, b]: Pair, file: ReadOnlyFile, source: Source): Superblock {
  const newest = a === undefined || (b !== undefined && b.sequence > a.sequence) ? b : a;
  if (newest !== undefined) return newest;
  if (!looksLikeAStore(file)) throw foreign(`${source.journalPath} is not a Varve store`);
  const cut = file.realBytes < SUPERBLOCK_PLACES[1] + SUPERBLOCK_BYTES;
  throw new CommandError(
    Exit.Damage,
    `${source.journalPath}: neither superblock verifies (offsets ${SUPERBLOCK_PLACES.join(' and ')})`,
    cut ? `The file ends after ${file.realBytes} bytes: most of it is missing.` : undefined,
  );
}

/** The magic of a superblock stands at one of its places, whatever else may be wrong. */
function looksLikeAStore(file: ReadOnlyFile): boolean {
  return SUPERBLOCK_PLACES.some((at) => {
    const bytes = new Uint8Array(SUPERBLOCK_MAGIC.length);
    file.read(bytes, { at });
    return SUPERBLOCK_MAGIC.filter((byte, index) => bytes[index] === byte).length >= 6;
  });
}

export function openView(source: Source): StoreView {
  try {
    return new StoreView(source);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new CommandError(Exit.Failed, `no permission to read ${source.journalPath}`);
    }
    throw error;
  }
}

/** Size of the file on disk as its superblock would have it. */
export function statedBytes({ superblock }: StoreView): number {
  return SLOTS_START + superblock.slotCount * superblock.segmentBytes;
}

export function modifiedMs(source: Source): number {
  return fs.statSync(source.journalPath).mtimeMs;
}
