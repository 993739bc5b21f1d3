/**
 * The CBOR tags of the structured codec, known to its writer and its reader and to nobody else.
 *
 * Always true:
 * - a registered tag is used where one means the same; everything else is one tag of Varve's own
 *   around `[Kind, …]`. Numbers are on disk: never reuse one
 * - whatever JSON can say is plain CBOR without any tag
 */

/** Registered at https://www.iana.org/assignments/cbor-tags. */
export const Tag = {
  EpochSeconds: 1,
  PositiveBigInt: 2,
  NegativeBigInt: 3,
  Shareable: 28,
  SharedRef: 29,
  Set: 258,
  Map: 259,
  RegExp: 21066,
  /** Varve's own. */
  Varve: 30305,
} as const;

/** First element of what {@link Tag.Varve} encloses. */
export const Kind = {
  /** Bytes: UTF-16LE code units. For text that UTF-8 would not give back unchanged. */
  Utf16: 0,
  /** key, value, key, value … For objects with a key that is no well-formed text. */
  Entries: 1,
  /** length, key, value … For arrays with holes or with named properties. */
  SparseArray: 2,
  /** The primitive inside `new Number(…)` and its like. */
  Boxed: 3,
  /** name, message or null, stack or null, and the cause if there is one. */
  Error: 4,
  ArrayBuffer: 5,
  DataView: 6,
  /** Milliseconds: for dates that seconds as a double would not give back exactly. */
  FarDate: 7,
} as const;

/** RFC 8746, little-endian; `Uint8Array` is a plain byte string. */
export const TYPED_ARRAY_TAGS: Readonly<Record<string, number>> = {
  Uint8ClampedArray: 68,
  Uint16Array: 69,
  Uint32Array: 70,
  BigUint64Array: 71,
  Int8Array: 72,
  Int16Array: 77,
  Int32Array: 78,
  BigInt64Array: 79,
  Float16Array: 84,
  Float32Array: 85,
  Float64Array: 86,
};

/** The error types that `structuredClone` keeps; others it would turn into these, so they are refused. */
export const ERROR_NAMES: readonly string[] = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
];

/** Containers inside containers. Deeper values are refused, both ways, long before a stack overflows. */
export const DEPTH_MAX = 500;
