/**
 * Options: what is allowed, what is assumed, and what a crash then costs.
 *
 * Always true: every refusal is `BAD_ARGUMENT` and names the option.
 */
import {
  APPLICATION_TYPE_MAX,
  APPLICATION_TYPE_MIN,
  CHANNEL_MAX,
  VarveError,
} from '@varve/protocol';
import type { OpenRequest } from '@varve/protocol';
import type { AppendOptions, OpenOptions } from './api.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
export const DEADLINE_MS = 30_000;

/** With these a crash of anything, power included, loses nothing acknowledged (docs/SAFETY.md). */
const DEFAULTS: OpenRequest = {
  durability: 'strict',
  create: true,
  readOnly: false,
  keep: 'all',
  segmentSizeBytes: 4 * MIB,
  alignmentBytes: 16,
  maxBytes: 0,
  maxStateBytes: MIB,
  maxRecordBytes: KIB * MIB,
  relaxedBytes: MIB,
  relaxedMs: 1000,
  queueBytes: 8 * MIB,
  fallback: 'refuse',
  busyTimeoutMs: 3000,
  checkpointEveryBytes: 0,
};

export function badArgument(option: string, wanted: string): VarveError {
  return new VarveError('BAD_ARGUMENT', `${option} must be ${wanted}`, {
    facts: { option },
    outcome: 'not-written',
  });
}

function check(ok: boolean, option: string, wanted: string): void {
  if (!ok) throw badArgument(option, wanted);
}

export function checkCount(
  value: unknown,
  option: string,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): void {
  const ok = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  check(ok, option, `an integer from ${min} to ${max}`);
}

const one = (value: unknown, option: string, ...allowed: readonly unknown[]): void =>
  check(allowed.includes(value), option, allowed.join(' or '));

export function checkName(name: unknown): void {
  const ok = typeof name === 'string' && name.length > 0 && name.length <= 100;
  check(ok, 'name', 'a string of 1 to 100 characters');
}

/** The options that were given, under the engine's names. */
export function givenRequest<T>(options: OpenOptions<T>): Partial<OpenRequest> {
  check(typeof options === 'object' && options !== null, 'options', 'an object');
  const { relaxed, checkpoint } = options;
  const given: Record<string, unknown> = {
    relaxedBytes: relaxed?.bytes,
    relaxedMs: relaxed?.ms,
    checkpointEveryBytes: checkpoint && (checkpoint.everyBytes ?? 16 * MIB),
  };
  for (const key of Object.keys(DEFAULTS) as (keyof OpenOptions<T> & keyof OpenRequest)[]) {
    given[key] ??= options[key];
  }
  for (const key of Object.keys(given)) if (given[key] === undefined) delete given[key];
  return given;
}

export function toRequest(given: Partial<OpenRequest>): OpenRequest {
  const request = { ...DEFAULTS, ...given };
  const { keep, segmentSizeBytes } = request;
  one(request.durability, 'durability', 'strict', 'relaxed');
  one(request.create, 'create', true, false);
  one(request.readOnly, 'readOnly', true, false);
  one(request.fallback, 'fallback', 'refuse', 'memory');
  one(request.alignmentBytes, 'alignmentBytes', 16, 4096);
  checkCount(segmentSizeBytes, 'segmentSizeBytes', 4 * KIB, 64 * MIB);
  check(Number.isInteger(Math.log2(segmentSizeBytes)), 'segmentSizeBytes', 'a power of two');
  if (given.maxBytes !== undefined) checkCount(given.maxBytes, 'maxBytes', 4 * segmentSizeBytes);
  for (const option of ['maxStateBytes', 'maxRecordBytes', 'queueBytes'] as const) {
    checkCount(request[option], option, 1);
  }
  checkCount(request.relaxedBytes, 'relaxed.bytes');
  checkCount(request.relaxedMs, 'relaxed.ms');
  checkCount(request.busyTimeoutMs, 'busyTimeoutMs');
  checkCount(request.checkpointEveryBytes, 'checkpoint.everyBytes');
  if (typeof keep !== 'object' || keep === null) one(keep, 'keep', 'all', 'checkpoint');
  else if ('bytes' in keep) checkCount(keep.bytes, 'keep.bytes', 1);
  else checkCount(keep.records, 'keep.records', 1);
  return request;
}

/** @throws BAD_ARGUMENT when a store that is open in this page was opened otherwise */
export function checkSame(open: OpenRequest, given: Partial<OpenRequest>): void {
  for (const [option, value] of Object.entries(given)) {
    const same = JSON.stringify(open[option as keyof OpenRequest]) === JSON.stringify(value);
    check(same, option, 'what this store was already opened with in this page');
  }
}

export function checkAppend({ type, channel, expect, durability }: AppendOptions): void {
  if (type !== undefined) checkCount(type, 'type', APPLICATION_TYPE_MIN, APPLICATION_TYPE_MAX);
  if (channel !== undefined) checkCount(channel, 'channel', 0, CHANNEL_MAX);
  if (expect !== undefined) checkCount(expect, 'expect');
  if (durability !== undefined) one(durability, 'durability', 'strict', 'relaxed');
}
