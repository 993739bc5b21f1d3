/**
 * How a new generation goes on after recovery: where, after what, and with which segment header.
 */
import { invariant } from '@varve/bytes';
import type { SyncFile } from '@varve/files';
import type { StartRecord } from './control.ts';
import { SEGMENT_HEADER_BYTES } from './format.ts';
import { alignUp, type Geometry, slotStart } from './geometry.ts';
import { readExactly, writeExactly } from './io.ts';
import type { ScanPoint } from './position.ts';
import type { Recovered } from './recovery.ts';
import { type Segment, segmentOf } from './segment.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { TailHost } from './tail-host.ts';

type BeginningHost = Pick<TailHost, 'geometry' | 'generation' | 'seedId' | 'table'>;

export interface Beginning {
  /** Where what was read ends: what stands there does not count. */
  readonly end: ScanPoint;
  /** The tail segment; its header is (re)written when it is missing. */
  readonly segment: Segment;
  /** Where the first batch goes; past the footer: the generation begins in a new segment. */
  readonly offset: number;
  /**
   * Something in the segment is known to have been flushed. Otherwise its header may stand in the
   * page cache alone, after a flush that failed, and is written again.
   */
  readonly headerProven: boolean;
  readonly start: StartRecord;
  readonly wallTimeMs: number;
}

/** Where the log goes on behind what a recovery found. */
export function beginningAfter(recovered: Recovered): Beginning {
  const { cut, end, geometry, superblock, table, tailHeaderProven, verdict, wallTimeMs } =
    recovered;
  const segment = table.get(end.segment);
  invariant(segment !== undefined, 'a log that may be written ends in a segment');
  const rewrittenTo = end.lastLsn;
  return {
    end,
    segment,
    // Exactly at the end only where the generation that closed the store had written that end: behind
    // an older one may stand what was torn from a generation since, whose beginning, at the same
    // place, has the same first bytes as ours: half of ours would make it whole.
    offset:
      verdict === 'clean' && end.generation === superblock.generation
        ? end.offset
        : alignUp(end.offset, geometry.restartAlignment),
    headerProven: tailHeaderProven,
    start: {
      lastLsn: cut.lastLsn,
      cutSegment: cut.segment,
      cutOffset: cut.offset,
      chain: cut.chain,
      previousGeneration: cut.generation,
      rewrittenTo,
    },
    wallTimeMs,
  };
}

/** Enough of a batch header that no batch is read there. */
const SPOILT_BYTES = 16;

/**
 * Overwrites the head of whatever stands where the log ends, and where this generation begins; the flush
 * of the superblocks covers it. It may be a batch that was torn, of a generation that counts up to here,
 * or another beginning: should ours be torn in its turn, its other half might make that one whole (chunks
 * that end in zeros), and what was found not to be there would be there again.
 */
export function spoilTorn(
  file: SyncFile,
  geometry: Geometry,
  { end, segment, offset }: Pick<Beginning, 'end' | 'segment' | 'offset'>,
): void {
  for (const from of [end.offset, offset]) {
    const at = slotStart(geometry, segment.header.slot) + from;
    const room = Math.min(geometry.segmentBytes - from, file.getSize() - at);
    const bytes = new Uint8Array(Math.max(0, Math.min(SPOILT_BYTES, room)));
    readExactly(file, bytes, at);
    if (bytes.some(Boolean)) writeExactly(file, bytes.fill(0), at);
  }
}

/**
 * Writes the header that the tail segment must be given before anything else, and flushes it; not if
 * it has one. Returns the segment as it is then.
 */
export function writeBeginningHeader(
  file: SyncFile,
  { geometry, generation, seedId, table }: BeginningHost,
  beginning: Beginning,
  wallTimeMs: number,
): Segment {
  const header = headerToWrite(beginning, generation, geometry, wallTimeMs);
  if (header === undefined) return beginning.segment;
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  encodeSegmentHeader(header, seedId, bytes, 0);
  writeExactly(file, bytes, slotStart(geometry, header.slot));
  file.flush();
  const { index } = beginning.segment;
  const written = { ...segmentOf(header, seedId), index };
  table.add(written);
  return written;
}

function headerToWrite(
  { segment, headerProven, start }: Beginning,
  generation: number,
  geometry: Geometry,
  wallTimeMs: number,
): SegmentHeader | undefined {
  if (headerProven && !segment.headerMissing) return undefined;
  const made = segment.header;
  if (!segment.headerMissing) return made;
  // Cut before this segment, or at its very beginning: it is the new generation's, and says so,
  // because what stood between the cut and here may be lost. Cut within: what it holds is older.
  const fresh = start.cutSegment < made.segment || start.cutOffset === geometry.firstOffset;
  return {
    ...made,
    generation: fresh ? generation : made.generation,
    lastLsn: fresh ? start.lastLsn : made.lastLsn,
    previousEnd: fresh ? start.cutOffset : made.previousEnd,
    previousChain: fresh ? start.chain : made.previousChain,
    durableLsn: start.lastLsn,
    wallTimeMs,
  };
}
