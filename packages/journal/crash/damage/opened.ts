/**
 * A store that was opened, as far as a judge of damage looks at it; and the quick way to open one:
 * synchronously, read-only, over bytes in memory.
 */
import type { SyncFile } from '@varve/files';
import {
  type DamageRange,
  newRecordFrame,
  readRecordFrame,
  RecordFlag,
  type RecoveryReport,
  VarveError,
} from '@varve/protocol';
import type { Chunk, Store } from '../../src/index.ts';
import { ReadOnlyJournal, readUnitPart, Recovery } from '../../src/inspect.ts';
import { readSuperblocks } from '../../src/superblock-pair.ts';
import { salvageAll } from '../../src/salvage.ts';

export interface Opened {
  readonly firstLsn: number;
  readonly lastLsn: number;
  readonly mayWrite: boolean;
  readonly recovery: Pick<
    RecoveryReport,
    'rows' | 'damage' | 'tailUncertain' | 'invalidSuperblocks'
  >;
  /** Damage that reading found. */
  readonly found: readonly DamageRange[];
  salvage(): Iterable<Chunk | DamageRange>;
  readUnit(lsn: number): Uint8Array;
  readState(): Uint8Array | undefined;
}

/** More than any golden store holds in one piece; little enough to be cheap. */
const PIECE_BYTES = 16_384;
const ALL = Number.MAX_SAFE_INTEGER;

/** @throws VarveError CORRUPT when neither superblock verifies */
export function openQuickly(file: SyncFile, witnessDurableLsn: number): Opened {
  const { pair, newest } = readSuperblocks(file, 's');
  if (newest === undefined) throw new VarveError('CORRUPT', 'no superblock verifies');
  const recovered = new Recovery(file, newest, witnessDurableLsn).run(pair);
  const found: DamageRange[] = [];
  const journal = new ReadOnlyJournal(file, recovered, { onDamage: (range) => found.push(range) });
  const { firstLsn, lastLsn } = journal;
  const readChunk = (request: { after: number; before?: number; maxBytes: number }): Chunk =>
    journal.read(
      {
        after: Math.max(request.after, firstLsn - 1),
        upTo: Math.min(lastLsn, (request.before ?? ALL) - 1),
        maxBytes: Math.min(PIECE_BYTES, request.maxBytes),
      },
      false,
    );
  return {
    firstLsn,
    lastLsn,
    mayWrite: recovered.verdict !== 'corrupt',
    recovery: recovered,
    found,
    salvage: () => salvageAll(readChunk, firstLsn, lastLsn),
    readUnit: (lsn) => readUnitPart(journal, readChunk, lsn, 0, ALL).bytes,
    readState: () => journal.readState()?.state,
  };
}

/** A store of the ordinary kind, as the judge sees it. */
export function openedOf(store: Store): Opened {
  const { firstLsn, recovery } = store.status();
  const { lastLsn } = store.status();
  return {
    firstLsn,
    lastLsn,
    mayWrite: store.state === 'open',
    recovery,
    found: store.damage,
    salvage: () => store.salvage(),
    readUnit: (lsn) => store.readUnit(lsn, 0, ALL).bytes,
    readState: () => store.readState()?.state,
  };
}

/** All payloads of an undamaged store. */
export function readAll(store: Store, firstLsn: number, lastLsn: number): Map<number, Uint8Array> {
  const payloads = new Map<number, Uint8Array>();
  const { runs, bytes } = store.readChunk({ after: firstLsn - 1, maxBytes: 1 << 24 });
  const frame = newRecordFrame();
  for (const { firstLsn: first, count, start, end } of runs) {
    let at = start;
    for (let lsn = first; lsn < first + count; lsn++) {
      at = readRecordFrame(bytes, at, end, frame);
      const external = (frame.flags & RecordFlag.External) !== 0;
      payloads.set(
        lsn,
        external
          ? store.readUnit(lsn, 0, ALL).bytes
          : bytes.slice(frame.payloadStart, frame.payloadEnd),
      );
    }
  }
  if (payloads.size !== lastLsn - firstLsn + 1) throw new Error('an undamaged store is not whole');
  return payloads;
}
