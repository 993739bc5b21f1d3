/**
 * Options of a volume: defaults and ranges. None of them weakens what a crash leaves.
 */
import { VarveError } from '@varve/protocol';
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNKS_MAX, NAME_BYTES_MAX } from './format.ts';
import { encodeUtf8 } from './utf8.ts';
import type { VolumeOptions } from './volume-port.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;

export type CompleteOptions = Required<
  Omit<VolumeOptions, 'sizeBytes' | 'chunkSizeBytes' | 'capacityBytes'>
> &
  Pick<VolumeOptions, 'sizeBytes' | 'chunkSizeBytes' | 'capacityBytes'>;

export const CHUNK_BYTES_DEFAULT = 4 * KIB;

/** Images wait in memory up to so much before they are applied. */
export const OVERLAY_BYTES_MAX = 8 * MIB;
/** Dirty metadata blocks beyond this call for a checkpoint. */
export const DIRTY_BYTES_MAX = 8 * MIB;
/** What one atomic group may put into the journal. */
export const GROUP_BYTES_MAX = 64 * MIB;

/** @throws VarveError BAD_ARGUMENT */
export function completeOptions(given: VolumeOptions): CompleteOptions {
  const options: CompleteOptions = {
    create: given.create ?? true,
    dedup: given.dedup ?? false,
    segmentSizeBytes: given.segmentSizeBytes ?? 4 * MIB,
    alignmentBytes: given.alignmentBytes ?? 16,
    checkpointEveryBytes: given.checkpointEveryBytes ?? 16 * MIB,
    cacheBytes: given.cacheBytes ?? 8 * MIB,
    directBytes: given.directBytes ?? 64 * KIB,
    stepExceptions: given.stepExceptions ?? 256,
    ...(given.sizeBytes !== undefined && { sizeBytes: given.sizeBytes }),
    ...(given.chunkSizeBytes !== undefined && { chunkSizeBytes: given.chunkSizeBytes }),
    ...(given.capacityBytes !== undefined && { capacityBytes: given.capacityBytes }),
  };
  const chunk = options.chunkSizeBytes ?? CHUNK_BYTES_DEFAULT;
  demandCount('chunkSizeBytes', chunk, CHUNK_BYTES_MIN, CHUNK_BYTES_MAX);
  demand((chunk & (chunk - 1)) === 0, 'chunkSizeBytes', 'a power of two');
  if (options.sizeBytes !== undefined) checkSize(options.sizeBytes, chunk);
  if (options.capacityBytes !== undefined)
    demandCount('capacityBytes', options.capacityBytes, chunk);
  demandCount('checkpointEveryBytes', options.checkpointEveryBytes, 1);
  demandCount('cacheBytes', options.cacheBytes, 0);
  demandCount('directBytes', options.directBytes, 1);
  demandCount('stepExceptions', options.stepExceptions, 1);
  demand(typeof options.create === 'boolean', 'create', 'true or false');
  demand(typeof options.dedup === 'boolean', 'dedup', 'true or false');
  return options;
}

/** @throws VarveError BAD_ARGUMENT */
export function checkSize(sizeBytes: number, chunkBytes: number): void {
  demandCount('sizeBytes', sizeBytes, 0, CHUNKS_MAX * chunkBytes);
}

export function capacityChunks({ capacityBytes }: CompleteOptions, chunkBytes: number): number {
  return Math.min(CHUNKS_MAX, Math.floor((capacityBytes ?? Infinity) / chunkBytes));
}

/** What was fixed when the volume was made is the same, or was not given. @throws VarveError BAD_ARGUMENT */
export function checkGeometry(
  options: CompleteOptions,
  chunkBytes: number,
  capacity: number,
): void {
  const { chunkSizeBytes, capacityBytes } = options;
  const agrees = chunkSizeBytes === undefined || chunkSizeBytes === chunkBytes;
  demand(agrees, 'chunkSizeBytes', `${chunkBytes}, as this volume has it`);
  const fits = capacityBytes === undefined || capacityChunks(options, chunkBytes) === capacity;
  demand(fits, 'capacityBytes', 'what this volume was made with');
}

/** @throws VarveError BAD_ARGUMENT */
export function checkName(name: unknown): asserts name is string {
  const bytes = typeof name === 'string' ? encodeUtf8(name) : undefined;
  demand(
    bytes !== undefined && bytes.length > 0 && bytes.length <= NAME_BYTES_MAX,
    'name',
    `a well-formed string of 1 to ${NAME_BYTES_MAX} bytes in UTF-8`,
  );
}

/** @throws VarveError BAD_ARGUMENT */
export function demandCount(
  argument: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): void {
  demand(
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    argument,
    `a whole number from ${min} to ${max}`,
  );
}

export function demand(holds: boolean, argument: string, what: string): asserts holds {
  if (holds) return;
  throw new VarveError('BAD_ARGUMENT', `${argument} must be ${what}`, {
    facts: { argument },
    outcome: 'not-written',
  });
}
