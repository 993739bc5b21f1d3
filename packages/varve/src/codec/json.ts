/**
 * JSON as UTF-8, for logs that other programs read. Refuses every value that JSON would change.
 *
 * Always true: `JSON.parse(JSON.stringify(value))` has the structure of the value. Only that one
 * object may stand in several places is forgotten; cycles are refused.
 */
import type { Codec } from '../api.ts';
import { refuseBytes, refuseValue, type Step } from './refuse.ts';
import { DEPTH_MAX } from './tags.ts';

function check(value: unknown, path: Step[]): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (Number.isFinite(value) && !Object.is(value, -0)) return;
    throw new Error(`JSON cannot hold ${Object.is(value, -0) ? '-0' : String(value)}`);
  }
  if (typeof value !== 'object') throw new Error(`JSON cannot hold ${typeof value}`);
  if (path.length > DEPTH_MAX)
    throw new Error(`nested deeper than ${DEPTH_MAX} levels, or a cycle`);
  const prototype: unknown = Object.getPrototypeOf(value);
  const keys = Object.keys(value);
  if (Array.isArray(value)) {
    if (
      keys.length !== value.length ||
      (keys.length > 0 && keys.at(-1) !== String(keys.length - 1))
    ) {
      throw new Error('JSON cannot hold holes in arrays nor named properties of arrays');
    }
  } else if (prototype !== Object.prototype && prototype !== null) {
    throw new Error('JSON cannot hold instances of classes');
  }
  if ('toJSON' in value) throw new Error('JSON would store what toJSON returns instead');
  for (const key of keys) {
    path.push(Array.isArray(value) ? Number(key) : key);
    check((value as Record<string, unknown>)[key], path);
    path.pop();
  }
}

export function jsonCodec(): Codec<unknown> {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return {
    name: 'json',
    encode(value) {
      const path: Step[] = [];
      try {
        check(value, path);
      } catch (error) {
        throw refuseValue(path, error);
      }
      return encoder.encode(JSON.stringify(value));
    },
    decode(bytes) {
      try {
        const value: unknown = JSON.parse(decoder.decode(bytes));
        return value;
      } catch (error) {
        throw refuseBytes('json', 0, error);
      }
    },
  };
}
