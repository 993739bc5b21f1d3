/**
 * Damage to an image that may cost records: then they must be named, or stand in the uncertain tail.
 * What a wound leads to is a row of the recovery tables that a crash alone hardly reaches, or never.
 */
import { readU32 } from '@varve/bytes';
import type { Host } from '@varve/files';
import { type SeededRandom, SimulatedDisk } from '@varve/files/simulated';
import { isVarveError, type VarveError } from '@varve/protocol';
import {
  BATCH_MAGIC,
  openStore,
  SEGMENT_HEADER_BYTES,
  SEGMENT_HEADER_LAYOUT,
  SEGMENT_MAGIC,
  SLOTS_START,
  type Store,
  type StoreOptions,
  SUPERBLOCK_PLACES,
} from '../src/index.ts';
import { type Checked, checkServed, type Expectation } from './oracle.ts';
import { describe } from './run.ts';
import { demand, Violation } from './violation.ts';

const PATH = 's/journal';

/** Each with its share: what seldom leads to a row of its own is tried more often. */
const SHARES = {
  'both superblocks': 2,
  'one superblock': 1,
  'another store': 2,
  'cut off': 12,
  'a header': 4,
  'the end of a segment': 10,
  'a batch': 24,
  'the witness': 1,
  'the files': 2,
  erasing: 2,
} as const;
export type Wound = keyof typeof SHARES;
const DRAWN = Object.entries(SHARES).flatMap(([name, share]) =>
  Array<Wound>(share).fill(name as Wound),
);

export const woundOf = (random: SeededRandom): Wound => DRAWN[random.below(DRAWN.length)]!;

/** Wounds the machine's store. False: there is nothing that this wound could hit. */
export async function inflict(
  wound: Wound,
  disk: SimulatedDisk,
  options: Partial<StoreOptions>,
  random: SeededRandom,
): Promise<boolean> {
  const size = disk.sizeOf(PATH);
  const segmentBytes = options.segmentSizeBytes ?? 4 << 20;
  const slots = Math.floor((size - SLOTS_START) / segmentBytes);
  const { witness } = disk.host();
  const entry = await witness.read('s');
  // A store that is still being made, or erased, has promised nothing that could be lost.
  if (entry?.state !== 'live') return false;
  if (wound === 'the witness') {
    await witness.remove('s');
    return true;
  }
  if (wound === 'erasing') {
    await witness.write('s', { ...entry, state: 'erasing' });
    return true;
  }
  if (wound === 'the files') {
    disk.clearSiteData({ witness: false });
    return size > 0;
  }
  if (slots <= 0) return false;
  if (wound === 'both superblocks' || wound === 'one superblock') {
    const places = wound === 'both superblocks' ? [0, 1] : [random.below(2)];
    for (const place of places) noise(disk, SUPERBLOCK_PLACES[place]!, 512, random);
  } else if (wound === 'another store') {
    for (const at of SUPERBLOCK_PLACES)
      disk.poke(PATH, (await stranger()).subarray(at, at + 512), at);
  } else if (wound === 'cut off') {
    const directory = await disk.host().root.directory('s', { create: false });
    const file = await directory!.openFile('journal', { create: false });
    const [newest = 0, before = newest] = newestSlots(disk, slots, segmentBytes);
    const slot = [newest, before, random.below(slots)][random.below(3)]!;
    file.truncate(SLOTS_START + slot * segmentBytes + random.below(2) * 700);
    file.flush();
    file.close();
  } else {
    // Mostly where recovery looks: in the newest segment, or just before it.
    const newest = newestSlots(disk, slots, segmentBytes);
    const slot = random.below(4) > 0 ? newest[random.below(2) % newest.length] : undefined;
    const start = SLOTS_START + (slot ?? random.below(slots)) * segmentBytes;
    if (wound === 'a header') noise(disk, start, 64, random);
    else return damageBatch(wound, disk, start, segmentBytes, random);
  }
  return true;
}

/** The end of what a segment holds, where a `next` record stands; or some batch, not the last. */
function damageBatch(
  wound: Wound,
  disk: SimulatedDisk,
  start: number,
  segmentBytes: number,
  random: SeededRandom,
): boolean {
  const bytes = disk.peek(PATH, start, Math.min(segmentBytes, 65_536));
  const batches: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 16) {
    if (readU32(bytes, at) === BATCH_MAGIC) batches.push(at);
  }
  const last = batches.length - 1;
  if (last < 1) return false;
  const before = Math.max(0, last - 1 - random.below(4));
  const at = batches[wound === 'a batch' ? before : last - random.below(2)]!;
  noise(disk, start + at + random.below(64), 1 + random.below(32), random);
  return true;
}

/** Slots by the number of the segment that their headers name, newest first. */
function newestSlots(disk: SimulatedDisk, slots: number, segmentBytes: number): number[] {
  const numbers = Array.from({ length: slots }, (_, slot) => {
    const bytes = disk.peek(PATH, SLOTS_START + slot * segmentBytes, SEGMENT_HEADER_BYTES);
    const isHeader = bytes.length > 40 && readU32(bytes, 0) === SEGMENT_MAGIC;
    return { slot, number: isHeader ? readU32(bytes, SEGMENT_HEADER_LAYOUT.segment[0]) : -1 };
  });
  return numbers.sort((a, b) => b.number - a.number).map(({ slot }) => slot);
}

function noise(disk: SimulatedDisk, at: number, length: number, random: SeededRandom): void {
  const bytes = new Uint8Array(Math.min(length, disk.sizeOf(PATH) - at));
  if (random.below(3) > 0) random.fill(bytes);
  disk.poke(PATH, bytes, at);
}

let strangerBytes: Promise<Uint8Array> | undefined;

/** The file of a store that is not this one. */
function stranger(): Promise<Uint8Array> {
  strangerBytes ??= (async () => {
    const disk = new SimulatedDisk({ seed: 4_711, record: false });
    const store = await openStore(disk.host(), 's', { segmentSizeBytes: 4_096 });
    store.abandon();
    return disk.peek(PATH);
  })();
  return strangerBytes;
}

/** What each wound may lead to besides a store: the codes that opening may then reject with. */
const REFUSALS: Readonly<Record<Wound, readonly string[]>> = {
  'both superblocks': ['CORRUPT'],
  'one superblock': ['CORRUPT'],
  'another store': ['STORE_LOST'],
  'cut off': ['CORRUPT', 'IO_ERROR'],
  'a header': [],
  'the end of a segment': [],
  'a batch': [],
  'the witness': [],
  'the files': ['STORE_LOST'],
  erasing: [],
};

/** Opens a wounded image. @throws Violation */
export async function checkWounded(
  host: Host,
  options: Partial<StoreOptions>,
  expectation: Expectation,
  wound: Wound,
): Promise<Checked> {
  const { history, op, promises, namesMayBeLost } = expectation;
  const whole = promises.whole && history.liedAtOp >= op;
  let store: Store;
  try {
    store = await openStore(host, 's', options);
  } catch (error) {
    const lost = isVarveError(error, 'STORE_LOST') && namesMayBeLost;
    const legal = REFUSALS[wound].some((code) => isVarveError(error, code as VarveError['code']));
    if (!isVarveError(error) || (whole && !lost && !legal))
      throw new Violation(`I6: ${wound} destroyed, opening gave ${describe(error)}`);
    const { row } = error.facts as { row?: string };
    return { rows: [row ?? (lost ? 'files-gone' : `refused-${error.code}`)], store: undefined };
  }
  const { recovery, firstLsn } = store.status();
  const { rows, damage, tailUncertain } = recovery;
  const { served, missing } = checkServed(store, history);
  // An erased store is a new one; so is one whose name or format was never finished.
  const isNew = ['fresh', 'erase-interrupted', 'format-interrupted'].includes(rows[0] ?? '');
  demand(
    !isNew || wound === 'erasing' || (wound === 'the witness' && namesMayBeLost) || !whole,
    'I1',
    `${wound} destroyed, and a new store made [${rows.join()}]`,
  );
  if (whole && !isNew) {
    const owed = history.owedLsn(op, promises.crash);
    const from = history.keepsAll ? Math.min(firstLsn, trimmedTo(expectation)) : firstLsn;
    for (let lsn = from; lsn <= owed; lsn++) {
      const named =
        served.has(lsn) ||
        (tailUncertain !== null && lsn >= tailUncertain.from) ||
        [...damage, ...missing].some((range) => range.from <= lsn && lsn <= range.to);
      demand(named, 'I6', `${wound} destroyed: ${lsn} went without a word [${rows.join()}]`);
    }
  }
  store.abandon();
  return { rows, store: undefined };
}

/** Records below this may be gone because the application said so. */
function trimmedTo({ history, op }: Expectation): number {
  return Math.max(1, ...history.trims.filter((t) => t.issuedAtOp < op).map((t) => t.before));
}
