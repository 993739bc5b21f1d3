/**
 * A record's payload as JSON that a person or `jq` can read.
 *
 * What JSON has no word for is an object with one key that begins with `$`: `{"$bigint":"12"}`,
 * `{"$date":"…"}`, `{"$bytes":"base64"}`, `{"$map":[[key,value]]}`, `{"$set":[…]}`. It is for
 * reading, not for reading back.
 */
import { structuredCodec } from 'varve/codec';

export const CODECS = ['auto', 'structured', 'json', 'text', 'bytes'] as const;
export type Codec = (typeof CODECS)[number];

const structured = structuredCodec();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `{ value }`, or `{ base64 }` for bytes that the codec cannot read. */
export function describePayload(bytes: Uint8Array, codec: Codec): Record<string, unknown> {
  if (codec !== 'bytes') {
    try {
      return { value: decode(bytes, codec) };
    } catch {
      // Falls through: bytes are what is certain.
    }
  }
  return { base64: base64(bytes) };
}

function decode(bytes: Uint8Array, codec: Exclude<Codec, 'bytes'>): unknown {
  if (codec === 'text') return utf8.decode(bytes);
  if (codec === 'json') return JSON.parse(utf8.decode(bytes)) as unknown;
  return readable(structured.decode(bytes), []);
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/** `above` are the objects around the value: a cycle is named, not followed. */
function readable(value: unknown, above: readonly object[]): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return { $bigint: String(value) };
    case 'undefined':
      return { $undefined: true };
    case 'object':
      if (value === null) return null;
      if (above.includes(value)) return { $cycle: above.length - above.indexOf(value) };
      return readableObject(value, [...above, value]);
    default:
      return value;
  }
}

function readableObject(value: object, above: readonly object[]): unknown {
  const inner = (part: unknown): unknown => readable(part, above);
  if (Array.isArray(value)) return Array.from(value, inner);
  if (value instanceof Date) {
    return { $date: Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString() };
  }
  if (value instanceof Map)
    return { $map: [...value].map(([key, item]) => [inner(key), inner(item)]) };
  if (value instanceof Set) return { $set: [...value].map(inner) };
  if (value instanceof RegExp) return { $regexp: String(value) };
  if (value instanceof Error) {
    const cause = 'cause' in value ? { cause: inner(value.cause) } : {};
    return { $error: value.name, message: value.message, ...cause };
  }
  if (value instanceof ArrayBuffer) return { $bytes: base64(new Uint8Array(value)) };
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const kind = value.constructor.name;
    return { $bytes: base64(bytes), ...(kind !== 'Uint8Array' && { kind }) };
  }
  const primitive: unknown = value.valueOf();
  if (typeof primitive !== 'object') return { $boxed: inner(primitive) };
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inner(part)]));
}
