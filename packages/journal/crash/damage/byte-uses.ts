/**
 * What each byte of an undamaged journal file is for: what must not be lost without a word when it
 * changes, and what proves that something was flushed.
 *
 * Always true: a byte that has no use is slack; zeros, padding, bytes of a cut, or of an earlier use
 * of the slot.
 */
import { newRecordFrame, readRecordFrame, RecordFlag } from '@varve/protocol';
import {
  SEGMENT_HEADER_BYTES,
  STATE_HEAD_BYTES,
  type Store,
  SUPERBLOCK_BYTES,
  SUPERBLOCK_PLACES,
} from '../../src/index.ts';
import {
  beginningOf,
  type ReadOnlyJournal,
  readFragments,
  readUnitDescriptor,
  Scanner,
  slotStart,
} from '../../src/inspect.ts';
import type { UnitDescriptor } from '../../src/unit-descriptor.ts';
import type { Wound } from './flat-file.ts';

export interface ByteUse {
  readonly kind: 'superblock' | 'header' | 'batch';
  /** Offsets in the file. */
  readonly from: number;
  readonly to: number;
  /** Records that cannot be served without these bytes. */
  readonly lsns: Set<number>;
  /** The last checkpoint's state cannot be served without them. */
  isOfState: boolean;
  /** Everything up to here had been flushed when these bytes were written. */
  readonly durableLsn: number;
  /** What else must be whole for these bytes to prove anything: the header of their segment. */
  readonly needs: ByteUse | undefined;
}

const NONE = -1;

export class ByteUses {
  readonly all: readonly ByteUse[];
  private readonly copied: ReadonlySet<number>;
  private readonly bytes: Uint8Array;
  private readonly indexOf: Int16Array;

  private constructor(all: readonly ByteUse[], copied: ReadonlySet<number>, bytes: Uint8Array) {
    this.all = all;
    this.copied = copied;
    this.bytes = bytes;
    this.indexOf = new Int16Array(bytes.length).fill(NONE);
    all.forEach(({ from, to }, index) => this.indexOf.fill(index, from, to));
  }

  /** Of a store that was opened only to be read. */
  static of(store: Store, bytes: Uint8Array): ByteUses {
    const copied = new Set<number>();
    const uses = usesOf(store.openedJournal!.readOnly!, store, copied);
    return new ByteUses(uses, copied, bytes);
  }

  /** Whether the store could do without it: it bears nothing, or another copy of all that it bears is there. */
  isSpare({ kind, lsns, isOfState }: ByteUse): boolean {
    return kind === 'batch' && !isOfState && [...lsns].every((lsn) => this.copied.has(lsn));
  }

  /** The uses of which at least one byte changes. */
  touched(wounds: readonly Wound[]): Set<ByteUse> {
    const touched = new Set<ByteUse>();
    let last = NONE;
    for (const { at, bytes } of wounds) {
      for (let index = 0; index < bytes.length; index++) {
        const use = this.indexOf[at + index]!;
        if (use === NONE || use === last || bytes[index] === this.bytes[at + index]) continue;
        last = use;
        touched.add(this.all[use]!);
      }
    }
    return touched;
  }

  /** The greatest LSN that something untouched proves to have been flushed. */
  provenLsn(touched: ReadonlySet<ByteUse>): number {
    let proven = 0;
    for (const use of this.all) {
      const whole = !touched.has(use) && (use.needs === undefined || !touched.has(use.needs));
      if (whole) proven = Math.max(proven, use.durableLsn);
    }
    return proven;
  }
}

function usesOf(journal: ReadOnlyJournal, store: Store, copied: Set<number>): ByteUse[] {
  const uses: ByteUse[] = store.layout().superblocks.map(({ place, durableLsn }) => ({
    kind: 'superblock',
    from: SUPERBLOCK_PLACES[place],
    to: SUPERBLOCK_PLACES[place] + SUPERBLOCK_BYTES,
    lsns: new Set(),
    isOfState: false,
    durableLsn,
    needs: undefined,
  }));
  const headers = new Map<number, ByteUse>();
  for (const { header } of journal.table.live()) {
    const from = slotStart(journal.geometry, header.slot);
    const use: ByteUse = {
      kind: 'header',
      from,
      to: from + SEGMENT_HEADER_BYTES,
      lsns: new Set(),
      isOfState: false,
      durableLsn: header.durableLsn,
      needs: undefined,
    };
    headers.set(header.segment, use);
    uses.push(use);
  }
  return [...uses, ...batchUses(journal, headers, copied)];
}

/** A batch that counts in the log, and what stands in it. */
interface Counted {
  readonly use: ByteUse;
  readonly body: Uint8Array;
  readonly unit: UnitDescriptor | undefined;
  readonly firstLsn: number;
  readonly count: number;
}

/** Fills in `copied`: records that stand in the log twice, since a generation wrote them again. */
function batchUses(
  journal: ReadOnlyJournal,
  headers: ReadonlyMap<number, ByteUse>,
  copied: Set<number>,
): ByteUse[] {
  const { geometry, table, blocks } = journal;
  const scanner = new Scanner(journal, blocks, beginningOf(table.live()[0]!, geometry));
  const { header } = scanner;
  const counted = new Map<string, Counted>();
  const { stateSegment, stateOffset } = journal.recovered.superblock;
  while (scanner.next()) {
    const { segment, offset } = scanner.batchPoint;
    const from = slotStart(geometry, table.get(segment)!.header.slot) + offset;
    if (scanner.start !== undefined) {
      // What an older generation holds beyond the cut is void.
      const { lastLsn } = scanner.start;
      for (const { use } of counted.values()) {
        for (const lsn of use.lsns) {
          if (lsn <= lastLsn) continue;
          use.lsns.delete(lsn);
          copied.add(lsn);
        }
      }
    }
    const count = scanner.bearsLsns ? header.count : 0;
    const use: ByteUse = {
      kind: 'batch',
      from,
      to: from + header.headerBytes + header.bodyBytes,
      lsns: new Set(Array.from({ length: count }, (_, index) => header.firstLsn + index)),
      isOfState: segment === stateSegment && offset === stateOffset,
      durableLsn: header.durableLsn,
      needs: headers.get(segment),
    };
    const body = blocks.bytes.slice(scanner.bodyStart, scanner.bodyEnd);
    const { unit, firstLsn } = header;
    counted.set(`${segment}:${offset}`, { use, body, unit, firstLsn, count });
  }
  const needFragments = (unit: UnitDescriptor, lsns: readonly number[], state: boolean): void => {
    let lsn = lsns[0] ?? 0;
    for (const { place, count, bytes, start, end } of readFragments(journal, blocks, unit, lsn)) {
      const fragment = counted.get(`${place.segment}:${place.offset}`);
      if (fragment === undefined) throw new Error('a fragment that counts is not in the log');
      const { use } = fragment;
      use.isOfState ||= state;
      for (let index = 0; index < Math.max(1, count); index++)
        if (lsns.length > 0) use.lsns.add(lsn + index);
      if (count > 0) {
        const body = bytes.slice(start, end);
        for (const [index, inner] of externalsIn(body, 0))
          needFragments(inner, [lsn + index], false);
      }
      lsn += count;
    }
  };
  for (const { use, body, unit, firstLsn, count } of counted.values()) {
    if (use.isOfState)
      for (const [, inner] of externalsIn(body, STATE_HEAD_BYTES)) needFragments(inner, [], true);
    if (count === 0 || use.lsns.size < count) continue;
    if (unit !== undefined) needFragments(unit, [firstLsn], false);
    const frames = framesIn(body);
    for (const [index, inner] of externalsIn(body, 0))
      needFragments(inner, [firstLsn + count - frames + index], false);
  }
  return [...counted.values()].map(({ use }) => use);
}

function framesIn(body: Uint8Array): number {
  let frames = 0;
  for (let at = 0; at >= 0 && at < body.length; frames++)
    at = readRecordFrame(body, at, body.length, newRecordFrame());
  return frames;
}

/** Unit descriptors among the records of a batch, each with the ordinal of its record. */
function externalsIn(body: Uint8Array, headBytes: number): [number, UnitDescriptor][] {
  const found: [number, UnitDescriptor][] = [];
  const frame = newRecordFrame();
  for (let at = 0, index = 0; at >= 0 && at < body.length; index++) {
    at = readRecordFrame(body, at, body.length, frame);
    if (at < 0 || (frame.flags & RecordFlag.External) === 0) continue;
    const unit = readUnitDescriptor(body, frame.payloadStart + headBytes);
    if (unit !== undefined) found.push([index, unit]);
  }
  return found;
}
