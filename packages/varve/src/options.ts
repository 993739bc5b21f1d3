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
  checkFunction,
  checkOneOf,
} from '@varve/protocol';
import type { GivenRequest } from '@varve/protocol';
import type { AppendOptions, OpenOptions } from './api.ts';

export const DEADLINE_MS = 30_000;

/** `isRight`: of a type that has this length. What a key is in bytes is the engine's to count. */
function checkLength(
  value: unknown,
  option: string,
  max: number,
  isRight = typeof value === 'string',
): void {
  const { length } = Object(value) as string;
  checkArgument(isRight && length > 0 && length <= max, option, `of length 1 to ${max}`);
}

export function checkName(name: unknown): void {
  checkLength(name, 'name', 100);
}

/** What was given and can be sent; the engine takes from it what it knows. */
export function givenRequest<T>(options: OpenOptions<T>): GivenRequest {
  checkArgument(Object(options) === options, 'options', 'an object');
  const { keep, relaxed, checkpoint, transport } = options;
  if (transport !== undefined) checkFunction(transport, 'transport');
  const plain = Object.entries(options).filter(([, value]) => Object(value) !== value);
  const every = checkpoint && { everyBytes: checkpoint.everyBytes };
  return { keep, relaxed, checkpoint: every, ...Object.fromEntries(plain) } as GivenRequest;
}

export function checkAppend({ type, channel, expect, durability, key }: AppendOptions): void {
  if (type !== undefined) checkCount(type, 'type', APPLICATION_TYPE_MIN, APPLICATION_TYPE_MAX);
  if (channel !== undefined) checkCount(channel, 'channel', 0, CHANNEL_MAX);
  if (expect !== undefined) checkCount(expect, 'expect');
  checkOneOf(durability ?? 'strict', 'durability', 'strict', 'relaxed');
  // Here, because of what is no key some could not even be sent.
  if (key !== undefined)
    checkLength(key, 'key', 256, typeof key === 'string' || ArrayBuffer.isView(key));
}
