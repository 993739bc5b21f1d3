/**
 * An application's options, under the engine's names. Their rules are the engine's
 * (`completeRequest`); here are only those of what stays in the page.
 */
import {
  APPLICATION_TYPE_MAX,
  APPLICATION_TYPE_MIN,
  CHANNEL_MAX,
  checkArgument,
  checkCount,
  checkOneOf,
} from '@varve/protocol';
import type { GivenRequest, OpenRequest } from '@varve/protocol';
import type { AppendOptions, OpenOptions } from './api.ts';

export const DEADLINE_MS = 30_000;
const CHECKPOINT_EVERY_BYTES = 16 * 1024 * 1024;

/** Those that the engine takes as they are. */
const SAME_NAMES = [
  'durability',
  'create',
  'readOnly',
  'keep',
  'segmentSizeBytes',
  'alignmentBytes',
  'maxBytes',
  'maxStateBytes',
  'maxRecordBytes',
  'queueBytes',
  'fallback',
  'busyTimeoutMs',
] as const;

export function checkName(name: unknown): void {
  const ok = typeof name === 'string' && name.length > 0 && name.length <= 100;
  checkArgument(ok, 'name', 'a string of 1 to 100 characters');
}

/** The options that were given, under the engine's names. */
export function givenRequest<T>(options: OpenOptions<T>): GivenRequest {
  checkArgument(typeof options === 'object' && options !== null, 'options', 'an object');
  const { relaxed, checkpoint } = options;
  const given: Record<string, unknown> = {
    relaxedBytes: relaxed?.bytes,
    relaxedMs: relaxed?.ms,
    checkpointEveryBytes: checkpoint && (checkpoint.everyBytes ?? CHECKPOINT_EVERY_BYTES),
  };
  for (const name of SAME_NAMES) given[name] = options[name];
  for (const name of Object.keys(given)) if (given[name] === undefined) delete given[name];
  return given;
}

/** @throws BAD_ARGUMENT when a store that is open in this page was opened otherwise */
export function checkSame(open: OpenRequest, given: Partial<OpenRequest>): void {
  for (const [option, value] of Object.entries(given)) {
    const same = JSON.stringify(open[option as keyof OpenRequest]) === JSON.stringify(value);
    checkArgument(same, option, 'what this store was already opened with in this page');
  }
}

export function checkAppend({ type, channel, expect, durability }: AppendOptions): void {
  if (type !== undefined) checkCount(type, 'type', APPLICATION_TYPE_MIN, APPLICATION_TYPE_MAX);
  if (channel !== undefined) checkCount(channel, 'channel', 0, CHANNEL_MAX);
  if (expect !== undefined) checkCount(expect, 'expect');
  if (durability !== undefined) checkOneOf(durability, 'durability', 'strict', 'relaxed');
}
