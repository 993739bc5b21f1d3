/**
 * Reads the payload of an external record piece by piece. Whoever reads on from where a piece ended,
 * or again where somebody has read, does not begin at the first fragment again.
 */
import { newRecordFrame, readRecordFrame, RecordFlag, VarveError } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { Gathered } from './gathered.ts';
import type { LogView } from './scanner.ts';
import type { Chunk, ReadRequest } from './store-port.ts';
import { readUnitDescriptor } from './unit-descriptor.ts';
import { type FragmentPlace, readFragments } from './unit-reader.ts';

/** Places in one unit where reading can go on: one in each stretch of `SPACING_BYTES`, the last that was read. */
interface KnownPlaces {
  /** Of the unit: a copy of it, or what took the LSN of one that was withdrawn, stands elsewhere. */
  readonly digest: number;
  readonly byStretch: FragmentPlace[];
}

/** The few units that are being read in pieces, by source and LSN. */
const UNITS_MAX = 16;
const SPACING_BYTES = 1_048_576;
const placesOf = new WeakMap<object, Map<number, KnownPlaces>>();

const stretchOf = (position: number): number => Math.floor(position / SPACING_BYTES);

function placesIn(source: object, lsn: number, digest: number): FragmentPlace[] {
  const units = placesOf.get(source) ?? new Map<number, KnownPlaces>();
  placesOf.set(source, units);
  const known = units.get(lsn);
  const places = known?.digest === digest ? known : { digest, byStretch: [] };
  units.delete(lsn);
  units.set(lsn, places);
  if (units.size > UNITS_MAX) units.delete(units.keys().next().value!);
  return places.byStretch;
}

/** The last known place at or before `at`. */
function placeBefore(places: readonly FragmentPlace[], at: number): FragmentPlace | undefined {
  for (let stretch = stretchOf(at); stretch >= 0; stretch--) {
    const place = places[stretch];
    if (place !== undefined && place.position <= at) return place;
  }
  return undefined;
}

/** From where on the unit of `lsn` would be read for byte `at`. */
export function knownUnitPosition(source: object, lsn: number, at: number): number {
  const places = placesOf.get(source)?.get(lsn);
  return (places && placeBefore(places.byStretch, at)?.position) ?? 0;
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
  const places = placesIn(source, lsn, unit.digest);
  const resume = placeBefore(places, at);
  let position = resume?.position ?? 0;
  for (const fragment of readFragments(source, source.blocks, unit, lsn, resume)) {
    // At once: whoever is stopped in the middle goes on there.
    places[stretchOf(position)] = fragment.place;
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
