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

export function checkName(name: unknown): void {
  const ok = typeof name === 'string' && name.length > 0 && name.length <= 100;
  checkArgument(ok, 'name', 'a string of 1 to 100 characters');
}

/** What was given and can be sent; the engine takes from it what it knows. */
export function givenRequest<T>(options: OpenOptions<T>): GivenRequest {
  checkArgument(typeof options === 'object' && options !== null, 'options', 'an object');
  const { relaxed, checkpoint } = options;
  const given: Record<string, unknown> = {
    relaxedBytes: relaxed?.bytes,
    relaxedMs: relaxed?.ms,
    checkpointEveryBytes: checkpoint && (checkpoint.everyBytes ?? CHECKPOINT_EVERY_BYTES),
    ...options,
  };
  for (const [name, value] of Object.entries(given)) {
    const isPlain = !/^(object|function|undefined)$/.test(typeof value);
    if (!isPlain && (name !== 'keep' || value === undefined)) delete given[name];
  }
  return given;
}

/** @throws BAD_ARGUMENT when a store that is open in this page was opened otherwise */
export function checkSame(open: OpenRequest, given: Partial<OpenRequest>): void {
  for (const [option, value] of Object.entries(given)) {
    if (!(option in open)) continue;
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
