/**
 * An export: the journal file as it would be after a clean close now, piece by piece.
 *
 * Always true:
 * - both superblocks come first and speak of the durable end at the moment the export began
 * - bytes beyond that end, and slots that hold nothing, are zeros
 * - if a segment is retired while the export runs, it fails with READER_LAGGED rather than lie
 */
import { VarveError } from '@varve/protocol';
import type { CommitQueue } from './commit-queue.ts';
import { SLOTS_START, SUPERBLOCK_PLACES } from './format.ts';
import { slotStart } from './geometry.ts';
import { readExactly } from './io.ts';
import type { Segment } from './segment.ts';
import type { StoreLife } from './store-life.ts';
import { encodeSuperblock, NO_CLIENTS } from './superblock.ts';

const PIECE_BYTES = 1_048_576;

export async function* exportImage(
  life: StoreLife,
  commits: CommitQueue,
): AsyncGenerator<Uint8Array> {
  if (life.state === 'read-only') {
    yield* copyFile(life);
    return;
  }
  const { journal, end } = commits.run((current) => {
    current.flush();
    return { journal: current, end: current.endPoint };
  });
  const { geometry, table, journalFile } = journal;
  const live = new Map<number, Segment>(
    table.live().map((segment) => [segment.header.slot, segment]),
  );
  const slots = Math.max(...live.keys()) + 1;
  const holder = journal.history.hold(journal.history.firstLsn - 1);
  try {
    const head = new Uint8Array(SLOTS_START);
    for (const place of [0, 1] as const) {
      const block = {
        ...journal.superblockNow(true),
        scanStart: end,
        durableLsn: end.lastLsn,
        slotCount: slots,
        // Whoever sends to a copy what was sent here could be told of another log.
        ...NO_CLIENTS,
        sequence: place + 1,
      };
      head.set(encodeSuperblock(block, place), SUPERBLOCK_PLACES[place]);
    }
    yield head;
    for (let slot = 0; slot < slots; slot++) {
      const segment = live.get(slot);
      const used =
        segment === undefined
          ? 0
          : segment.header.segment === end.segment
            ? end.offset
            : geometry.segmentBytes;
      for (let at = 0; at < geometry.segmentBytes; at += PIECE_BYTES) {
        const piece = new Uint8Array(Math.min(PIECE_BYTES, geometry.segmentBytes - at));
        const meaningful = Math.max(0, Math.min(piece.length, used - at));
        if (meaningful > 0) {
          if (life.journal !== journal || table.get(segment!.header.segment) === undefined) {
            throw new VarveError('READER_LAGGED', 'history was retired while it was exported');
          }
          readExactly(journalFile, piece.subarray(0, meaningful), slotStart(geometry, slot) + at);
        }
        yield piece;
      }
    }
  } finally {
    journal.history.release(holder);
  }
}

/** A damaged or read-only store is exported as it is, byte for byte. */
async function* copyFile(life: StoreLife): AsyncGenerator<Uint8Array> {
  const { file } = life.opened!;
  const size = file.getSize();
  for (let at = 0; at < size; at += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, size - at));
    readExactly(file, piece, at);
    yield piece;
  }
}
