/**
 * Reads the payload of an external record piece by piece. Whoever reads on from where a piece ended
 * does not begin at the first fragment again.
 */
import { newRecordFrame, readRecordFrame, RecordFlag, VarveError } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { Gathered } from './gathered.ts';
import type { LogView } from './scanner.ts';
import type { Chunk, ReadRequest } from './store-port.ts';
import { readUnitDescriptor } from './unit-descriptor.ts';
import { type FragmentPlace, readFragments } from './unit-reader.ts';

/** Where reading of a unit stopped, for the few units that are being read in pieces. */
const PLACES_MAX = 16;
const placesOf = new WeakMap<object, Map<number, FragmentPlace>>();

function remember(source: object, lsn: number, place: FragmentPlace | undefined): void {
  const places = placesOf.get(source) ?? new Map<number, FragmentPlace>();
  placesOf.set(source, places);
  places.delete(lsn);
  if (place !== undefined) places.set(lsn, place);
  for (const oldest of places.keys()) {
    if (places.size <= PLACES_MAX) break;
    places.delete(oldest);
  }
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
  const known = placesOf.get(source)?.get(lsn);
  const resume = known !== undefined && known.position <= at ? known : undefined;
  let position = resume?.position ?? 0;
  let last: FragmentPlace | undefined;
  for (const fragment of readFragments(source, source.blocks, unit, lsn, resume)) {
    last = fragment.place;
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
  remember(source, lsn, end < unit.bytes ? last : undefined);
  if (position < end)
    throw new VarveError('CORRUPT', 'a unit is shorter than it says', {
      facts: { from: lsn, to: lsn },
    });
  return { bytes: part.take(), done: end >= unit.bytes };
}
