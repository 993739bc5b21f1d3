/**
 * Makes a new journal file: slots first, then the first segment's header, then both superblocks.
 *
 * Nothing counts before a superblock does, and nothing is acknowledged before both do and the
 * witness says `live`.
 */
import type { SyncFile } from '@varve/files';
import { FORMAT_VERSION, SEGMENT_HEADER_BYTES, SLOTS_START } from './format.ts';
import { geometryOf, slotStart } from './geometry.ts';
import { orEndGeneration, writeExactly } from './io.ts';
import { encodeSegmentHeader } from './segment-header.ts';
import { ZERO_SLICE_BYTES } from './slots.ts';
import { NO_CLIENTS, type Superblock, writeSuperblock } from './superblock.ts';

export interface NewJournal {
  readonly seedId: Uint8Array;
  readonly lineageId: Uint8Array;
  readonly salt: Uint8Array;
  readonly segmentBytes: number;
  readonly alignment: number;
  /** Slots to begin with: the first segment and the reserve. */
  readonly slots: number;
  readonly wallMs: number;
}

/** @throws VarveError QUOTA_EXCEEDED, IO_ERROR */
export function createJournal(file: SyncFile, made: NewJournal): void {
  const geometry = geometryOf(made.segmentBytes, made.alignment);
  const end = slotStart(geometry, made.slots);
  const zeros = new Uint8Array(ZERO_SLICE_BYTES);
  const wallMs = Math.max(0, Math.floor(made.wallMs));
  for (let at = 0; at < end; at += zeros.length) {
    writeExactly(file, zeros.subarray(0, Math.min(zeros.length, end - at)), at);
  }
  const header = new Uint8Array(SEGMENT_HEADER_BYTES);
  encodeSegmentHeader(
    {
      slot: 0,
      segment: 1,
      generation: 1,
      salt: made.salt,
      lastLsn: 0,
      previousEnd: 0,
      previousChain: 0,
      oldestUnitSegment: 1,
      durableLsn: 0,
      wallTimeMs: wallMs,
    },
    made.seedId,
    header,
    0,
  );
  writeExactly(file, header, SLOTS_START);
  orEndGeneration(() => file.flush(), 'flushing a new journal failed');
  const zeroId = new Uint8Array(16);
  const superblock: Superblock = {
    formatVersion: FORMAT_VERSION,
    compat: 0,
    readOnlyCompat: 0,
    incompat: 0,
    seedId: made.seedId,
    lineageId: made.lineageId,
    lineageParent: zeroId,
    lineageParentGeneration: 0,
    lineageParentLsn: 0,
    incarnation: zeroId,
    clean: true,
    sequence: 1,
    generation: 1,
    segmentBytes: made.segmentBytes,
    alignment: made.alignment,
    slotCount: made.slots,
    firstSegment: 1,
    firstLsn: 1,
    lowWater: 1,
    scanStart: { segment: 1, offset: geometry.firstOffset, generation: 1, lastLsn: 0, chain: 0 },
    stateSegment: 0,
    stateOffset: 0,
    coveredLsn: 0,
    durableLsn: 0,
    createdAtMs: wallMs,
    writtenAtMs: wallMs,
    scrubSegment: 0,
    scrubbedAtMs: 0,
    ...NO_CLIENTS,
  };
  for (const place of [0, 1] as const) {
    const block = { ...superblock, sequence: place + 1 };
    orEndGeneration(() => writeSuperblock(file, block, place), 'writing a superblock failed');
  }
}
