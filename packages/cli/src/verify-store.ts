/**
 * Checks every byte of a store that counts: superblocks, segment headers, every batch from the first
 * segment to the end of the log, the chain between them, LSNs, record frames, attributes, units, and
 * the checkpoint's state. Independent of where recovery would begin.
 *
 * Always true:
 * - nothing is written, and each finding says which LSNs it costs and where in the file it is
 * - every step moves forward in the file: it ends on any bytes
 */
import { newRecordFrame, readAttributes, readRecordFrame, RecordFlag } from '@varve/protocol';
import { SEGMENT_HEADER_BYTES, SUPERBLOCK_PLACES, UNIT_DESCRIPTOR_BYTES } from '@varve/journal';
import {
  beginningOf,
  Blocks,
  readFragments,
  readSegmentHeaders,
  readStateAt,
  readUnitDescriptor,
  resync,
  type ScanPoint,
  Scanner,
  slotStart,
} from '@varve/journal/inspect';
import { statedBytes, type StoreView } from './store-view.ts';

export interface Finding {
  readonly what: 'file' | 'superblock' | 'segment' | 'batch' | 'record' | 'unit' | 'state' | 'end';
  readonly message: string;
  /** The LSNs that cannot be read because of it; null: none is lost. */
  readonly lsns: { readonly from: number; readonly to: number } | null;
  /** Byte in the file where it begins; null when that is not known. */
  readonly offset: number | null;
  readonly slot: number | null;
}

export interface Verified {
  readonly findings: readonly Finding[];
  readonly firstLsn: number;
  readonly lastLsn: number;
  /** Records that can be read. */
  readonly records: number;
  readonly batches: number;
  readonly units: number;
  readonly segments: number;
  /** Bytes that were checked. */
  readonly bytes: number;
}

const WINDOW_BYTES = 1_048_576;
/** So that a signal is heard and progress drawn. */
const YIELD_EVERY_BYTES = 32 * 1_048_576;

export async function verifyStore(
  view: StoreView,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<Verified> {
  const walk = new Walk(view);
  const total = view.table.liveCount * view.geometry.segmentBytes;
  walk.checkOutside();
  let yieldAt = YIELD_EVERY_BYTES;
  while (walk.step()) {
    if (walk.bytes < yieldAt) continue;
    yieldAt = walk.bytes + YIELD_EVERY_BYTES;
    onProgress(walk.bytes, total);
    await new Promise((resolve) => setImmediate(resolve));
  }
  walk.checkAfterwards();
  return walk.result();
}

const isAt = (a: ScanPoint, b: ScanPoint): boolean =>
  a.segment === b.segment && a.offset === b.offset && a.generation === b.generation;

const isBeyond = (a: ScanPoint, b: ScanPoint): boolean =>
  a.segment > b.segment || (a.segment === b.segment && a.offset > b.offset);

class Walk {
  bytes = 0;
  readonly #view: StoreView;
  readonly #findings: Finding[] = [];
  readonly #scanner: Scanner | undefined;
  readonly #window: Blocks;
  readonly #unitWindow: Blocks;
  readonly #firstLsn: number;
  /** Where the log ends by recovery's word; undefined when recovery could not say. */
  readonly #end: ScanPoint | undefined;
  #resumedAt: ScanPoint | undefined;
  #batches = 0;
  #units = 0;

  constructor(view: StoreView) {
    this.#view = view;
    this.#window = new Blocks(view.file, view.geometry, WINDOW_BYTES);
    this.#unitWindow = new Blocks(view.file, view.geometry, WINDOW_BYTES);
    this.#end = view.recovered?.end;
    const [first] = view.table.live();
    this.#firstLsn = view.superblock.firstLsn;
    if (first === undefined) return;
    this.#firstLsn = Math.min(this.#firstLsn, first.header.lastLsn + 1) || 1;
    this.#scanner = new Scanner(view, this.#window, beginningOf(first, view.geometry));
  }

  /** What does not need the walk: the file's length, superblocks, the oldest segment. */
  checkOutside(): void {
    const view = this.#view;
    const { realBytes } = view.file;
    if (realBytes < statedBytes(view)) {
      this.#add('file', `the file has ${realBytes} bytes and should have ${statedBytes(view)}`, {
        offset: realBytes,
      });
    }
    for (const place of [0, 1] as const) {
      if (view.superblocks[place] !== undefined) continue;
      this.#add('superblock', `superblock ${place} does not verify; the other one leads`, {
        offset: SUPERBLOCK_PLACES[place],
      });
    }
    const [first] = view.table.live();
    const { firstSegment, firstLsn } = view.superblock;
    if (first === undefined) {
      this.#add('segment', 'no segment header verifies: nothing can be read', {
        lsns: { from: firstLsn, to: this.#provenLsn },
      });
    } else if (first.header.segment > firstSegment) {
      this.#add('segment', `segments ${firstSegment} to ${first.header.segment - 1} are missing`, {
        lsns: { from: firstLsn, to: first.header.lastLsn },
        ...this.#damagedHeader(),
      });
    }
  }

  /** The slot of a header that was there and does not verify, if only one comes into question. */
  #damagedHeader(): Partial<Pick<Finding, 'offset' | 'slot'>> {
    const { file, geometry, superblock } = this.#view;
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const slots = readSegmentHeaders(file, geometry, superblock.seedId).flatMap((header, slot) => {
      if (header !== undefined) return [];
      file.read(bytes, { at: slotStart(geometry, slot) });
      return bytes.some((byte) => byte !== 0) ? [slot] : [];
    });
    const [slot] = slots;
    return slots.length === 1 ? { slot: slot!, offset: slotStart(geometry, slot!) } : {};
  }

  /** One batch further. False at the end. */
  step(): boolean {
    const scanner = this.#scanner;
    if (scanner === undefined) return false;
    if (this.#end !== undefined && isAt(scanner.point, this.#end)) return false;
    const before = { ...scanner.point };
    if (!scanner.next()) return this.#pastDamage(scanner);
    this.#batches++;
    this.bytes += scanner.header.headerBytes + scanner.header.bodyBytes;
    if (scanner.nextLost) {
      scanner.nextLost = false;
      this.#add('batch', 'the record that names the next segment is damaged', {
        offset: this.#fileOffset(before),
      });
    }
    this.#checkBatch(scanner);
    return true;
  }

  checkAfterwards(): void {
    const view = this.#view;
    for (const { header, headerMissing } of view.table.live()) {
      if (!headerMissing) continue;
      this.#add('segment', `the header of segment ${header.segment} does not verify`, {
        offset: slotStart(view.geometry, header.slot),
        slot: header.slot,
      });
    }
    for (const { from, to, proof } of view.recovered?.damage ?? []) {
      const known = this.#findings.some(({ lsns }) => lsns && lsns.from <= from && lsns.to >= to);
      if (known) continue;
      this.#add('end', `the log ends too early: a later ${proof} proves that more was flushed`, {
        lsns: { from, to },
        offset: this.#end === undefined ? null : this.#fileOffset(this.#end),
      });
    }
    if (view.recoveryError !== undefined && this.#findings.length === 0) {
      this.#add('end', view.recoveryError.message, {});
    }
    const { stateSegment, stateOffset } = view.superblock;
    if (stateSegment === 0) return;
    try {
      readStateAt(view, this.#unitWindow, stateSegment, stateOffset);
    } catch (error) {
      this.#add('state', error instanceof Error ? error.message : String(error), {
        offset: this.#fileOffset({ segment: stateSegment, offset: stateOffset }),
      });
    }
  }

  result(): Verified {
    const lastLsn = Math.max(
      this.#scanner?.point.lastLsn ?? 0,
      ...this.#findings.map(({ lsns }) => lsns?.to ?? 0),
    );
    const lost = new Set<string>();
    let missing = 0;
    for (const { lsns } of this.#findings) {
      const key = `${lsns?.from} ${lsns?.to}`;
      if (lsns === null || lost.has(key)) continue;
      lost.add(key);
      missing += lsns.to - lsns.from + 1;
    }
    return {
      findings: this.#findings.toSorted((a, b) => (a.lsns?.from ?? 0) - (b.lsns?.from ?? 0)),
      firstLsn: this.#firstLsn,
      lastLsn,
      records: Math.max(0, lastLsn - this.#firstLsn + 1 - missing),
      batches: this.#batches,
      units: this.#units,
      segments: this.#view.table.liveCount,
      bytes: this.bytes,
    };
  }

  /** The greatest LSN that anything valid calls durable. */
  get #provenLsn(): number {
    const { superblocks, source, recovered } = this.#view;
    return Math.max(
      superblocks[0]?.durableLsn ?? 0,
      superblocks[1]?.durableLsn ?? 0,
      source.witness?.durableLsn ?? 0,
      recovered?.end.lastLsn ?? 0,
    );
  }

  #fileOffset({ segment, offset }: Pick<ScanPoint, 'segment' | 'offset'>): number | null {
    const found = this.#view.segment(segment);
    return found ? slotStart(this.#view.geometry, found.header.slot) + offset : null;
  }

  #add(
    what: Finding['what'],
    message: string,
    where: Partial<Pick<Finding, 'lsns' | 'offset' | 'slot'>>,
  ): void {
    const { lsns = null, offset = null, slot = null } = where;
    this.#findings.push({
      what,
      message,
      lsns: lsns !== null && lsns.to >= lsns.from ? lsns : null,
      offset,
      slot,
    });
  }

  /** The log cannot be read on at `scanner.point`: says so, and goes on where it can be read again. */
  #pastDamage(scanner: Scanner): boolean {
    const stuck = { ...scanner.point };
    const resume = this.#resumeAfter(stuck);
    const to = resume?.lastLsn ?? Math.max(this.#provenLsn, this.#end?.lastLsn ?? 0);
    const isEnd = this.#end === undefined && resume === undefined && to <= stuck.lastLsn;
    if (!isEnd) {
      const lostNothing = to <= stuck.lastLsn;
      this.#add(
        'batch',
        lostNothing ? 'a batch without records is damaged' : 'a batch is damaged',
        {
          lsns: { from: stuck.lastLsn + 1, to },
          offset: this.#fileOffset(stuck),
          slot: this.#view.segment(stuck.segment)?.header.slot ?? null,
        },
      );
    }
    if (resume === undefined) {
      scanner.point.lastLsn = Math.max(stuck.lastLsn, to);
      return false;
    }
    Object.assign(scanner.point, resume);
    this.#resumedAt = resume;
    return true;
  }

  #resumeAfter(stuck: ScanPoint): ScanPoint | undefined {
    const view = this.#view;
    const again = this.#resumedAt !== undefined && isAt(this.#resumedAt, stuck);
    const from = again ? { ...stuck, offset: stuck.offset + view.geometry.alignment } : stuck;
    const live = view.table.live();
    const last = this.#end?.segment ?? live.at(-1)?.header.segment ?? 0;
    const batch = resync(view, this.#unitWindow, from, last);
    if (batch !== undefined && !(this.#end && isBeyond(batch, this.#end))) return batch;
    const following = live.find(
      ({ header, headerMissing }) =>
        !headerMissing &&
        header.segment > stuck.segment &&
        header.segment <= last &&
        header.lastLsn >= stuck.lastLsn,
    );
    return following && beginningOf(following, view.geometry);
  }

  #checkBatch(scanner: Scanner): void {
    const { header } = scanner;
    if (!scanner.bearsLsns || header.count === 0) return;
    const last = header.firstLsn + header.count - 1;
    const at = { offset: this.#fileOffset(scanner.batchPoint) };
    // The window moves when fragments are read, but not this one.
    const body = this.#window.bytes.subarray(scanner.bodyStart, scanner.bodyEnd);
    let inFragments = 0;
    if (header.unit !== undefined) {
      this.#units++;
      const lsns = { from: header.firstLsn, to: last };
      const { unit } = header;
      const read = (): void => {
        for (const fragment of readFragments(this.#view, this.#unitWindow, unit, lsns.from)) {
          inFragments += fragment.count;
        }
      };
      if (!this.#unitCounts(read, { ...at, lsns })) return;
    }
    this.#checkFrames(body, header.firstLsn + inFragments, last, at);
  }

  #checkFrames(body: Uint8Array, first: number, last: number, at: { offset: number | null }): void {
    const frame = newRecordFrame();
    let next = 0;
    for (let lsn = first; lsn <= last; lsn++) {
      next = readRecordFrame(body, next, body.length, frame);
      if (next < 0) {
        this.#add('record', 'records are not framed as their batch says', {
          ...at,
          lsns: { from: lsn, to: last },
        });
        return;
      }
      const lsns = { from: lsn, to: lsn };
      if (readAttributes(body, frame.attributesStart, frame.attributesEnd) === undefined) {
        this.#add('record', 'its attributes are malformed', at);
      }
      if ((frame.flags & RecordFlag.External) === 0) continue;
      this.#units++;
      const long = frame.payloadEnd - frame.payloadStart >= UNIT_DESCRIPTOR_BYTES;
      const unit = long ? readUnitDescriptor(body, frame.payloadStart) : undefined;
      if (unit === undefined) {
        this.#add('unit', 'it does not say where its bytes are', { ...at, lsns });
        continue;
      }
      const read = (): void => {
        for (const fragment of readFragments(this.#view, this.#unitWindow, unit, lsn))
          void fragment;
      };
      this.#unitCounts(read, { ...at, lsns });
    }
    if (next < body.length) this.#add('record', 'bytes follow the last record of a batch', at);
  }

  #unitCounts(read: () => void, where: Pick<Finding, 'lsns' | 'offset'>): boolean {
    try {
      read();
      return true;
    } catch (error) {
      this.#add('unit', error instanceof Error ? error.message : String(error), where);
      return false;
    }
  }
}
