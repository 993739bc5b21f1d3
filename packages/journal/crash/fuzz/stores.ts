/**
 * Whole stores that a stranger made: golden ones with fields changed and every checksum made to fit,
 * opened, read and salvaged; and the same as an export that is imported.
 */
import { createMemoryHost } from '@varve/files/memory';
import type { SeededRandom } from '@varve/files/simulated';
import { isVarveError, newRecordFrame, readRecordFrame, RecordFlag } from '@varve/protocol';
import type { ByteUse } from '../damage/byte-uses.ts';
import type { Golden } from '../damage/golden.ts';
import { FlatFile } from '../damage/flat-file.ts';
import { openQuickly } from '../damage/opened.ts';
import { importStore, openStore, SLOTS_START, SUPERBLOCK_PLACES } from '../../src/index.ts';
import { decodeSegmentHeader, segmentSeed } from '../../src/segment-header.ts';
import { framesOf } from '../run.ts';
import { repairBatch, repairSegmentHeader, repairSuperblock } from './structures.ts';
import { edit, type FuzzTarget, refusable } from './target.ts';

const MIB = 1_048_576;
/** What may be reserved at once for a file of some 64 KiB: a piece of a read. */
const ALLOCATES_MAX = 2 * MIB;
/** Pieces that a salvage of such a file may come in. */
const PIECES_MAX = 20_000;

const SEED_ID = [24, 40] as const;

/** Changes some structures of a store and makes their checksums fit. */
function forged(random: SeededRandom, { bytes: whole, uses }: Golden): Uint8Array {
  const bytes = whole.slice();
  for (let left = 1 + random.below(3); left > 0; left--)
    forge(random, bytes, uses.all[random.below(uses.all.length)]!);
  // The older superblock leads seldom; both are changed alike now and then.
  if (random.below(4) === 0) for (const use of uses.all.slice(0, 2)) forge(random, bytes, use);
  return random.below(8) === 0 ? bytes.slice(0, random.below(bytes.length + 1)) : bytes;
}

function forge(random: SeededRandom, bytes: Uint8Array, use: ByteUse): void {
  const part = bytes.subarray(use.from, use.to);
  edit(random, part, 1 + random.below(3));
  if (use.kind === 'superblock') {
    repairSuperblock(part, use.from === SUPERBLOCK_PLACES[0] ? 0 : 1);
  } else if (use.kind === 'header') {
    repairSegmentHeader(part);
  } else {
    repairIn(bytes, use);
  }
}

/** Needs the header of its segment, as it is now. */
function repairIn(bytes: Uint8Array, { from, needs }: ByteUse): void {
  if (needs === undefined) return;
  const seedId = bytes.slice(...SEED_ID);
  const headerBytes = bytes.subarray(needs.from, needs.to);
  const slot = new DataView(bytes.buffer, needs.from + 24).getUint32(0, true);
  const header = decodeSegmentHeader(headerBytes, seedId, slot);
  if (header === undefined) return;
  const seed = segmentSeed(seedId, header.slot, header.segment, header.salt);
  repairBatch(bytes, from, seed, from - needs.from);
}

/** Reads all that a file gives. */
function readWhole(bytes: Uint8Array): void {
  if (bytes.length < SLOTS_START) return;
  const opened = refusable(() => openQuickly(new FlatFile(bytes), 0));
  if (opened === undefined) return;
  refusable(() => opened.readState());
  const frame = newRecordFrame();
  let pieces = 0;
  refusable(() => {
    for (const piece of opened.salvage()) {
      if (++pieces > PIECES_MAX) throw new Error('a salvage without end');
      if (!('runs' in piece)) continue;
      for (const { firstLsn, count, start, end } of piece.runs) {
        let at = start;
        for (let lsn = firstLsn; lsn < firstLsn + count && at >= 0; lsn++) {
          if (++pieces > PIECES_MAX) throw new Error('records without end');
          at = readRecordFrame(piece.bytes, at, end, frame);
          if (at >= 0 && (frame.flags & RecordFlag.External) !== 0)
            refusable(() => opened.readUnit(lsn));
        }
      }
    }
  });
}

export function storeTargets(stores: readonly Golden[]): FuzzTarget[] {
  const small = stores.filter(({ bytes }) => bytes.length <= SLOTS_START + 65_536);
  const any = (random: SeededRandom): Golden => small[random.below(small.length)]!;
  return [
    {
      name: 'stores, forged, only read',
      share: 8,
      allocatesMax: ALLOCATES_MAX,
      once: (random) => readWhole(forged(random, any(random))),
    },
    {
      name: 'stores, forged, opened and written',
      share: 2,
      allocatesMax: ALLOCATES_MAX,
      once: async (random) => {
        const golden = any(random);
        const disk = golden.disk.fork({ record: false });
        disk.poke(golden.path, forged(random, golden), 0);
        try {
          const store = await openStore(disk.host(), 's', golden.options);
          await store.append({ frames: framesOf([new Uint8Array(300)]) });
          await store.close();
        } catch (error) {
          if (!isVarveError(error)) throw error;
          if (error.code === 'POISONED') throw new Error(`poisoned by bytes`, { cause: error });
        }
      },
    },
    {
      name: 'exports, forged, imported',
      share: 3,
      allocatesMax: ALLOCATES_MAX,
      once: async (random) => {
        const golden = any(random);
        const bytes = forged(random, golden);
        const cut = random.below(bytes.length + 1);
        try {
          await importStore(createMemoryHost(), 'i', [bytes.subarray(0, cut), bytes.subarray(cut)]);
        } catch (error) {
          if (!isVarveError(error)) throw error;
        }
      },
    },
  ];
}
