/**
 * Writes a value as CBOR, or refuses it.
 *
 * Always true:
 * - every property of the value is read once per pass, and what was read is what is written:
 *   getters and proxies cannot show one value to the check and another to the writer
 * - an object met twice is written once and referred to (cycles included); the first pass finds
 *   such objects, and only if there are any is a second pass needed
 * - nothing is dropped silently but what `structuredClone` drops too: symbol keys, properties
 *   that are not enumerable, `lastIndex`; and the bytes around a view in its buffer
 */
import { type CborWriter, Major, Simple } from './cbor.ts';
import { DEPTH_MAX, ERROR_NAMES, Kind, Tag, TYPED_ARRAY_TAGS } from './tags.ts';
import { refuseValue, type Step } from './refuse.ts';

/** Each pass finds all shared objects, so two are enough unless the value changes while it is read. */
const PASSES_MAX = 4;

/** Objects whose own properties `structuredClone` would drop. */
const BUILTINS = 'Map Set Date RegExp ArrayBuffer Number Boolean String BigInt'.split(' ');

/** Matches what UTF-8 cannot hold: with the `u` flag, paired surrogates are no surrogates. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const nativeNames = new WeakMap<object, string>();

/** The name of the built-in constructor behind an object of any realm; '' for a class of the user's. */
function builtinName(value: object): string {
  const { constructor } = value;
  if (typeof constructor !== 'function') return '';
  let name = nativeNames.get(constructor);
  if (name === undefined) {
    const source = Function.prototype.toString.call(constructor);
    name = /\{\s*\[native code\]\s*\}$/.test(source) ? constructor.name : '';
    nativeNames.set(constructor, name);
  }
  return name;
}

function refuseClass(value: object): never {
  const { constructor } = value;
  const name = (typeof constructor === 'function' && constructor.name) || 'a class';
  const hint = name === 'Buffer' ? '; store new Uint8Array(buffer)' : '';
  throw new Error(`an instance of ${name} would come back without its class${hint}`);
}

function isPlain(prototype: object | null): boolean {
  return (
    prototype === null ||
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
  );
}

function hasLoneSurrogate(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit < 0xe000) return LONE_SURROGATE.test(text);
  }
  return false;
}

function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    bytes[index * 2] = unit;
    bytes[index * 2 + 1] = unit >> 8;
  }
  return bytes;
}

function magnitude(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = new Uint8Array((hex.length + 1) >> 1);
  let end = hex.length;
  for (let at = bytes.length - 1; at >= 0; at--, end -= 2) {
    bytes[at] = Number.parseInt(hex.slice(Math.max(0, end - 2), end), 16);
  }
  return bytes;
}

function viewBytes(buffer: ArrayBufferLike, offset?: number, length?: number): Uint8Array {
  if (builtinName(buffer) !== 'ArrayBuffer') throw new Error('shared memory cannot be stored');
  if ((buffer as { resizable?: boolean }).resizable === true) {
    throw new Error('a resizable ArrayBuffer cannot be stored');
  }
  return new Uint8Array(buffer, offset, length); // throws when detached
}

class Pass {
  /** Where we are, for messages; its length is the depth. */
  readonly path: Step[] = [];
  foundMore = false;
  readonly #out: CborWriter;
  /** Objects to write as shareable, with the number each got in this pass. */
  readonly #shared: Map<object, number>;
  readonly #seen = new Set<object>();
  #nextNumber = 0;

  constructor(out: CborWriter, shared: Map<object, number>) {
    this.#out = out;
    this.#shared = shared;
  }

  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#out.number(value);
      case 'boolean':
        return this.#out.head(Major.Simple, value ? Simple.True : Simple.False);
      case 'undefined':
        return this.#out.head(Major.Simple, Simple.Undefined);
      case 'bigint':
        return this.#bigInt(value);
      case 'object':
        if (value === null) return this.#out.head(Major.Simple, Simple.Null);
        return this.#object(value);
      default:
        throw new Error(`a ${typeof value} cannot be stored`);
    }
  }

  #part(step: Step, value: unknown): void {
    this.path.push(step);
    this.write(value);
    this.path.pop();
  }

  /** Begins an array of `count` parts that only Varve knows how to read. */
  #ours(kind: number, count: number): void {
    this.#out.head(Major.Tag, Tag.Varve);
    this.#out.head(Major.Array, count + 1);
    this.#out.number(kind);
  }

  #text(text: string): void {
    if (hasLoneSurrogate(text)) {
      this.#ours(Kind.Utf16, 1);
      this.#out.bytes(utf16Bytes(text));
    } else {
      this.#out.text(text);
    }
  }

  #textOrNull(text: unknown): void {
    if (typeof text === 'string') this.#text(text);
    else this.#out.head(Major.Simple, Simple.Null);
  }

  #bigInt(value: bigint): void {
    this.#out.head(Major.Tag, value < 0n ? Tag.NegativeBigInt : Tag.PositiveBigInt);
    this.#out.bytes(magnitude(value < 0n ? -1n - value : value));
  }

  #object(value: object): void {
    const shared = this.#shared;
    if (this.#seen.has(value)) {
      const number = shared.get(value);
      if (number === undefined) {
        shared.set(value, -1);
        this.foundMore = true; // this pass only looks from here on
      } else if (!this.foundMore) {
        this.#out.head(Major.Tag, Tag.SharedRef);
        this.#out.number(number);
      }
      return;
    }
    this.#seen.add(value);
    if (this.path.length > DEPTH_MAX) throw new Error(`nested deeper than ${DEPTH_MAX} levels`);
    if (shared.has(value)) {
      shared.set(value, this.#nextNumber++);
      this.#out.head(Major.Tag, Tag.Shareable);
    }
    if (Array.isArray(value)) this.#array(value);
    else if (isPlain(Object.getPrototypeOf(value))) this.#plain(value as Record<string, unknown>);
    else if (ArrayBuffer.isView(value)) this.#view(value);
    else this.#builtin(value, builtinName(value));
  }

  #builtin(value: object, name: string): void {
    const indices = name === 'String' ? String.prototype.valueOf.call(value).length : 0;
    if (BUILTINS.includes(name) && Object.keys(value).length > indices) {
      throw new Error(`a ${name} with properties of its own would come back without them`);
    }
    switch (name) {
      case 'Map':
        return this.#map(value as Map<unknown, unknown>);
      case 'Set':
        return this.#set(value as Set<unknown>);
      case 'Date':
        return this.#date(Date.prototype.getTime.call(value));
      case 'RegExp':
        this.#out.head(Major.Tag, Tag.RegExp);
        this.#out.head(Major.Array, 2);
        this.#text((value as RegExp).source);
        return this.#text((value as RegExp).flags);
      case 'ArrayBuffer':
        this.#ours(Kind.ArrayBuffer, 1);
        return this.#out.bytes(viewBytes(value as ArrayBuffer));
      case 'Number':
        return this.#boxed(Number.prototype.valueOf.call(value));
      case 'Boolean':
        return this.#boxed(Boolean.prototype.valueOf.call(value));
      case 'String':
        return this.#boxed(String.prototype.valueOf.call(value));
      case 'BigInt':
        return this.#boxed(BigInt.prototype.valueOf.call(value));
      default:
        if (ERROR_NAMES.includes(name)) this.#error(value as Error, name);
        else refuseClass(value);
    }
  }

  #plain(value: Record<string, unknown>): void {
    const keys = Object.keys(value);
    if (keys.some(hasLoneSurrogate)) this.#ours(Kind.Entries, keys.length * 2);
    else this.#out.head(Major.Map, keys.length);
    for (const key of keys) {
      this.#text(key);
      this.#part(key, value[key]);
    }
  }

  #array(value: unknown[]): void {
    if (Object.getPrototypeOf(value) !== Array.prototype && builtinName(value) !== 'Array') {
      throw new Error('an instance of a subclass of Array would come back without its class');
    }
    const { length } = value;
    const keys = Object.keys(value);
    // Indices come first and in order: as many keys as elements, the last index last = no holes.
    if (keys.length === length && (length === 0 || keys[length - 1] === String(length - 1))) {
      this.#out.head(Major.Array, length);
      for (let index = 0; index < length; index++) this.#part(index, value[index]);
      return;
    }
    this.#ours(Kind.SparseArray, 1 + keys.length * 2);
    this.#out.number(length);
    for (const key of keys) {
      const index = Number(key);
      const isIndex = index < length && String(index) === key && index >= 0 && index % 1 === 0;
      if (isIndex) this.#out.number(index);
      else this.#text(key);
      this.#part(isIndex ? index : key, Reflect.get(value, key));
    }
  }

  #map(map: Map<unknown, unknown>): void {
    // A copy of the entries: a getter further down could change the map and so its size.
    const entries = [...Map.prototype.entries.call(map)];
    this.#out.head(Major.Tag, Tag.Map);
    this.#out.head(Major.Map, entries.length);
    for (const [index, [key, item]] of entries.entries()) {
      this.#part(`<key ${index}>`, key);
      this.#part(`<value ${index}>`, item);
    }
  }

  #set(set: Set<unknown>): void {
    const items = [...Set.prototype.values.call(set)];
    this.#out.head(Major.Tag, Tag.Set);
    this.#out.head(Major.Array, items.length);
    for (const [index, item] of items.entries()) this.#part(`<item ${index}>`, item);
  }

  #date(ms: number): void {
    const seconds = ms / 1000;
    if (Number.isNaN(ms) || Math.round(seconds * 1000) === ms) {
      this.#out.head(Major.Tag, Tag.EpochSeconds);
      this.#out.number(seconds);
    } else {
      this.#ours(Kind.FarDate, 1);
      this.#out.number(ms);
    }
  }

  #boxed(primitive: string | number | boolean | bigint): void {
    this.#ours(Kind.Boxed, 1);
    this.write(primitive);
  }

  #view(view: ArrayBufferView): void {
    const name = builtinName(view);
    const bytes = viewBytes(view.buffer, view.byteOffset, view.byteLength);
    const tag = TYPED_ARRAY_TAGS[name];
    if (tag !== undefined) this.#out.head(Major.Tag, tag);
    else if (name === 'DataView') this.#ours(Kind.DataView, 1);
    else if (name !== 'Uint8Array') refuseClass(view);
    this.#out.bytes(bytes);
  }

  #error(error: Error, name: string): void {
    if (Object.prototype.toString.call(error) !== '[object Error]')
      throw new Error('no true Error');
    const own = Object.keys(error).find((key) => !['message', 'stack', 'cause'].includes(key));
    const changed = Object.hasOwn(error, 'name') ? 'name' : own;
    if (changed !== undefined) {
      throw new Error(`the property ${JSON.stringify(changed)} of an Error would not come back`);
    }
    const message: unknown = Object.getOwnPropertyDescriptor(error, 'message')?.value;
    const hasCause = Object.hasOwn(error, 'cause');
    this.#ours(Kind.Error, hasCause ? 4 : 3);
    this.#text(name);
    if (message !== undefined && typeof message !== 'string') {
      throw new Error('the message of an Error is not a string');
    }
    this.#textOrNull(message ?? null);
    this.#textOrNull(error.stack);
    if (hasCause) this.#part('cause', error.cause);
  }
}

/** The bytes of `value`. @throws CODEC_REFUSED with the path of the part that cannot be stored */
export function writeValue(value: unknown, out: CborWriter): Uint8Array {
  const shared = new Map<object, number>();
  for (let count = 0; count < PASSES_MAX; count++) {
    out.reset();
    const pass = new Pass(out, shared);
    try {
      pass.write(value);
    } catch (error) {
      throw refuseValue(pass.path, error);
    }
    if (!pass.foundMore) return out.take();
  }
  throw refuseValue([], 'the value changes while it is read');
}
