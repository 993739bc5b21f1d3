/**
 * Turns what is to be changed into redo operations: where each chunk goes is decided here, once.
 *
 * Always true:
 * - planning changes no map: what cannot be done is refused before anything was
 * - bytes written straight to the pool stand where nothing refers, nor did at the last checkpoint
 * - a chunk that somebody shares is never changed in place
 */
import { xxh32 } from '@varve/bytes';
import { VarveError } from '@varve/protocol';
import { ORIGIN } from './format.ts';
import type { Draft } from './pool.ts';
import type { Redo } from './redo.ts';
import type { SharedChunks } from './shared-chunks.ts';
import type { VolumeState } from './state.ts';
import { isHole } from './value.ts';
import { type Extent, TRANSFER_BYTES_MAX, type VolumeFiles } from './volume-files.ts';

/** A whole chunk within somebody's bytes: a view of each chunk of a large write would cost more than its place. */
export interface ChunkBytes {
  readonly bytes: Uint8Array;
  readonly from: number;
}

/** What each chunk becomes: whole new bytes, or undefined: a hole. */
export type Changes = Map<number, ChunkBytes | undefined>;

export interface PlanOptions {
  readonly directBytes: number;
  /** Absent: equal chunks are not looked for. */
  readonly shared?: SharedChunks | undefined;
}

export interface Plan {
  readonly group: Redo[];
  /** To be written to the pool, and flushed, before the group's record is appended. */
  readonly direct: readonly Extent[];
}

interface Written extends ChunkBytes {
  readonly chunk: number;
  readonly digest: number;
}

interface Placing {
  readonly state: VolumeState;
  readonly view: number;
  readonly draft: Draft;
}

/** @throws VarveError VOLUME_FULL, CORRUPT, IO_ERROR */
export function plan(
  state: VolumeState,
  view: number,
  changes: Changes,
  options: PlanOptions,
): Plan {
  const chunks = [...changes.keys()].sort((a, b) => a - b);
  const shares: Redo[] = [];
  const unmaps: Redo[] = [];
  const written: Written[] = [];
  // What this group lets go of, or changes in place, is nothing to share.
  const leaving = new Set<number>();
  if (options.shared !== undefined) {
    for (const chunk of chunks) leaving.add(state.valueOf(view, chunk).physicalPlus1 - 1);
  }
  for (const chunk of chunks) {
    const becomes = changes.get(chunk);
    if (becomes === undefined) {
      if (!isHole(state.valueOf(view, chunk))) addUnmap(unmaps, view, chunk);
      continue;
    }
    const { bytes, from } = becomes;
    const digest = xxh32(bytes, from, from + state.chunkBytes, state.seed);
    const equal = options.shared?.find(state, becomes, digest, chunks.length);
    // The very bytes that are there already change nothing.
    if (equal !== undefined && state.valueOf(view, chunk).physicalPlus1 === equal + 1) continue;
    if (equal === undefined || leaving.has(equal)) written.push({ chunk, bytes, from, digest });
    else {
      shares.push({ op: 'share', view, chunk, physical: equal, digest });
    }
  }
  const place = { state, view, draft: state.pool.draft() };
  const isDirect = written.length * state.chunkBytes >= options.directBytes;
  const placed = isDirect
    ? placeDirect(place, written)
    : { group: placeImages(place, written), direct: [] };
  return { group: [...shares, ...unmaps, ...placed.group], direct: placed.direct };
}

function addUnmap(unmaps: Redo[], view: number, chunk: number): void {
  const last = unmaps.at(-1);
  if (last?.op === 'unmap' && last.chunk + last.count === chunk) {
    unmaps[unmaps.length - 1] = { ...last, count: last.count + 1 };
  } else unmaps.push({ op: 'unmap', view, chunk, count: 1 });
}

/** Small changes: journalled whole, onto the old place where nobody else sees it. */
function placeImages({ state, view, draft }: Placing, written: readonly Written[]): Redo[] {
  return written.map(({ chunk, bytes: all, from, digest }) => {
    const bytes = all.subarray(from, from + state.chunkBytes);
    const own = state.exclusiveOf(view, chunk);
    const physical = own >= 0 ? own : (draft.take(1)?.first ?? full(state));
    return { op: 'image', view, chunk, physical, digest, bytes };
  });
}

/** Large changes: to fresh places, in as few runs as there are; where there is none, as an image. */
function placeDirect(place: Placing, written: readonly Written[]): Plan {
  const { state, view, draft } = place;
  const group: Redo[] = [];
  const direct: Extent[] = [];
  for (let from = 0; from < written.length;) {
    let to = from + 1;
    while (to < written.length && written[to]!.chunk === written[to - 1]!.chunk + 1) to++;
    const run = draft.take(to - from);
    if (run === undefined) {
      group.push(...placeImages(place, written.slice(from, to)));
      from = to;
      continue;
    }
    const part = written.slice(from, from + run.count);
    group.push({
      op: 'map',
      view,
      chunk: part[0]!.chunk,
      physical: run.first,
      digests: part.map(({ digest }) => digest),
    });
    addExtents(direct, part, run.first, state.chunkBytes);
    from += run.count;
  }
  direct.sort((a, b) => a.at - b.at);
  return { group, direct };
}

/** Chunks for places side by side: what lies together in one buffer goes out as it lies there. */
function addExtents(
  direct: Extent[],
  part: readonly Written[],
  first: number,
  chunkBytes: number,
): void {
  const most = TRANSFER_BYTES_MAX / chunkBytes;
  for (let index = 0; index < part.length;) {
    const { bytes, from } = part[index]!;
    let count = 1;
    for (; count < most; count++) {
      const next = part[index + count];
      if (next?.bytes !== bytes || next.from !== from + count * chunkBytes) break;
    }
    direct.push({
      at: (first + index) * chunkBytes,
      bytes: bytes.subarray(from, from + count * chunkBytes),
    });
    index += count;
  }
}

function full(state: VolumeState): never {
  const { counts, capacityChunks, quarantine } = state.pool;
  throw new VarveError('VOLUME_FULL', undefined, {
    facts: {
      capacityChunks,
      usedChunks: counts.usedChunks,
      quarantinedChunks: quarantine.size,
    },
    outcome: 'not-written',
  });
}

/** A chunk's bytes as a view reads them, verified unless told otherwise; false: it is a hole. */
export function readChunk(
  state: VolumeState,
  files: VolumeFiles,
  view: number,
  chunk: number,
  into: Uint8Array,
): boolean {
  const value = state.valueOf(view, chunk);
  if (isHole(value)) {
    into.fill(0);
    return false;
  }
  const physical = value.physicalPlus1 - 1;
  const pending = state.overlay.get(physical);
  if (pending !== undefined) into.set(pending);
  else files.readData(into, physical * state.chunkBytes);
  if (xxh32(into, 0, into.length, state.seed) !== value.digest) {
    throw damagedChunk(state, view, chunk, physical);
  }
  return true;
}

export function damagedChunk(
  state: VolumeState,
  view: number,
  chunk: number,
  physical: number,
): VarveError {
  const name = view === ORIGIN ? null : (state.snapshotOf(view)?.name ?? null);
  return new VarveError('CORRUPT', 'a chunk is damaged', {
    facts: { view: name, chunk, physical, at: chunk * state.chunkBytes },
  });
}
