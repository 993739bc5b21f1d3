/**
 * Reads the payload of an external record piece by piece. Whoever reads on from where a piece ended,
 * or again where somebody has read, does not begin at the first fragment again.
 */
import { newRecordFrame, readRecordFrame, RecordFlag, VarveError } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { Gathered } from './gathered.ts';
import type { LogView } from './scanner.ts';
import type { Chunk, ReadRequest } from './store-port.ts';
import { readUnitDescriptor, type UnitDescriptor } from './unit-descriptor.ts';
import { type FragmentPlace, readFragments } from './unit-reader.ts';

/** Places in one unit where reading can go on: every so often, and where it was last. */
interface KnownPlaces {
  /** A record that was withdrawn leaves its LSN to another one. */
  readonly unit: UnitDescriptor;
  /** Ascending. */
  readonly spaced: FragmentPlace[];
  last: FragmentPlace | undefined;
}

/** The few units that are being read in pieces, by source and LSN. */
const UNITS_MAX = 16;
const SPACING_BYTES = 1_048_576;
const placesOf = new WeakMap<object, Map<number, KnownPlaces>>();

function placesIn(source: object, lsn: number, unit: UnitDescriptor): KnownPlaces {
  const units = placesOf.get(source) ?? new Map<number, KnownPlaces>();
  placesOf.set(source, units);
  const known = units.get(lsn);
  const places = known && isSame(known.unit, unit) ? known : { unit, spaced: [], last: undefined };
  units.delete(lsn);
  units.set(lsn, places);
  for (const oldest of units.keys()) {
    if (units.size <= UNITS_MAX) break;
    units.delete(oldest);
  }
  return places;
}

function isSame(a: UnitDescriptor, b: UnitDescriptor): boolean {
  const isThere = a.firstSegment === b.firstSegment && a.firstOffset === b.firstOffset;
  return isThere && a.unitId === b.unitId && a.digest === b.digest && a.bytes === b.bytes;
}

function note(places: KnownPlaces, place: FragmentPlace): void {
  places.last = place;
  const beyond = (places.spaced.at(-1)?.position ?? 0) + SPACING_BYTES;
  if (place.position >= beyond) places.spaced.push(place);
}

/** The last place at or before `at`. */
function placeBefore({ spaced, last }: KnownPlaces, at: number): FragmentPlace | undefined {
  let before: FragmentPlace | undefined;
  for (const place of spaced) {
    if (place.position > at) break;
    before = place;
  }
  const isLast = last !== undefined && last.position <= at;
  return isLast && last.position >= (before?.position ?? 0) ? last : before;
}

/** From where on the unit of `lsn` would be read for byte `at`. */
export function knownUnitPosition(source: object, lsn: number, at: number): number {
  const places = placesOf.get(source)?.get(lsn);
  return (places && placeBefore(places, at)?.position) ?? 0;
}

/** @throws VarveError NOT_FOUND, BAD_ARGUMENT (the record is not external), CORRUPT */
export function readUnitPart(
  source: LogView & { readonly blocks: Blocks },
  readChunk: (request: ReadRequest) => Chunk,
  lsn: number,
  at: number,
  maxBytes: number,
): { bytes: Uint8Array; done: boolean } {
  const { bytes, runs } = readChunk({
    after: lsn - 1,
    before: lsn + 1,
    visibility: 'written',
    maxBytes: 1,
  });
  const [run] = runs;
  if (run === undefined) throw new VarveError('NOT_FOUND', undefined, { facts: { lsn } });
  const frame = newRecordFrame();
  readRecordFrame(bytes, run.start, run.end, frame);
  const unit =
    (frame.flags & RecordFlag.External) === 0
      ? undefined
      : readUnitDescriptor(bytes, frame.payloadStart);
  if (unit === undefined) {
    throw new VarveError('BAD_ARGUMENT', 'this record is not stored as a unit', { facts: { lsn } });
  }
  const end = Math.min(unit.bytes, at + Math.max(1, maxBytes));
  const part = new Gathered(end - at);
  const places = placesIn(source, lsn, unit);
  const resume = placeBefore(places, at);
  let position = resume?.position ?? 0;
  for (const fragment of readFragments(source, source.blocks, unit, lsn, resume)) {
    // At once: whoever is stopped in the middle goes on there.
    note(places, fragment.place);
    const length = fragment.end - fragment.start;
    const from = Math.max(at, position);
    const to = Math.min(end, position + length);
    if (from < to) {
      const start = fragment.start + from - position;
      part.add(fragment.bytes.subarray(start, start + to - from));
    }
    position += length;
    // The digest is checked by whoever reads to the end.
    if (position >= end && end < unit.bytes) break;
  }
  if (position < end)
    throw new VarveError('CORRUPT', 'a unit is shorter than it says', {
      facts: { from: lsn, to: lsn },
    });
  return { bytes: part.take(), done: end >= unit.bytes };
}
