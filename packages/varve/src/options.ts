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
import type { GivenRequest } from '@varve/protocol';
import type { AppendOptions, OpenOptions } from './api.ts';

export const DEADLINE_MS = 30_000;

export function checkName(name: unknown): void {
  const ok = typeof name === 'string' && name.length > 0 && name.length <= 100;
  checkArgument(ok, 'name', 'a string of 1 to 100 characters');
}

/** What was given and can be sent; the engine takes from it what it knows. */
export function givenRequest<T>(options: OpenOptions<T>): GivenRequest {
  checkArgument(typeof options === 'object' && options !== null, 'options', 'an object');
  const { keep, relaxed, checkpoint, transport } = options;
  const isCallable = transport === undefined || typeof transport === 'function';
  checkArgument(isCallable, 'transport', 'a function');
  const plain = Object.entries(options).filter(([, value]) => Object(value) !== value);
  const every = checkpoint && { everyBytes: checkpoint.everyBytes };
  return { ...Object.fromEntries(plain), keep, relaxed, checkpoint: every } as GivenRequest;
}

export function checkAppend({ type, channel, expect, durability }: AppendOptions): void {
  if (type !== undefined) checkCount(type, 'type', APPLICATION_TYPE_MIN, APPLICATION_TYPE_MAX);
  if (channel !== undefined) checkCount(channel, 'channel', 0, CHANNEL_MAX);
  if (expect !== undefined) checkCount(expect, 'expect');
  if (durability !== undefined) checkOneOf(durability, 'durability', 'strict', 'relaxed');
}
