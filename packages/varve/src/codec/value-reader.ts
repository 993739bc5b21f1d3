/**
 * Reads back what the value writer wrote; takes any bytes.
 *
 * Always true:
 * - nothing of the value refers to the bytes it was read from
 * - memory is bounded by the input: a stated length is never allocated before its items are there
 * - a container is known to later references before its contents are read, so that cycles close
 */
import { CborReader, Major, Simple } from './cbor.ts';
import { DEPTH_MAX, ERROR_NAMES, Kind, Tag, TYPED_ARRAY_TAGS } from './tags.ts';
import { refuseBytes } from './refuse.ts';

type ViewConstructor = new (buffer: ArrayBufferLike) => ArrayBufferView;

/** From here on an array is made sparse before its length is set: engines would reserve the length. */
const DENSE_LENGTH_MAX = 1024;

const NOT_SHARED = -1;

function textFromUtf16(bytes: Uint8Array): string {
  if (bytes.length % 2 !== 0) throw new Error('half a UTF-16 code unit');
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    text += String.fromCharCode(bytes[at]! | (bytes[at + 1]! << 8));
  }
  return text;
}

function bigIntFrom(bytes: Uint8Array): bigint {
  let hex = '0x0';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
}

/** Not by assignment: `__proto__` is a property like any other here. */
function setProperty(target: object, key: PropertyKey, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}

/** A global constructor by name; not every platform has every one. */
function globalNamed<T>(name: string): T {
  const found: unknown = Reflect.get(globalThis, name);
  if (typeof found !== 'function') throw new Error(`${name} does not exist on this platform`);
  return found as T;
}

class ValueReader {
  readonly #in: CborReader;
  readonly #shared: unknown[] = [];
  #depth = 0;

  constructor(input: CborReader) {
    this.#in = input;
  }

  /** `share` is the number under which the next object may be referred to. */
  read(share = NOT_SHARED): unknown {
    const input = this.#in;
    input.head();
    const { value } = input;
    switch (input.major) {
      case Major.Uint:
        return value;
      case Major.NegativeInt:
        return -1 - value;
      case Major.Bytes:
        return this.#keep(share, input.rawBytes(value));
      case Major.Text:
        return input.rawText(value);
      case Major.Simple:
        return this.#simple(input.minor, value);
      default:
        return this.#nested(input.major, value, share);
    }
  }

  #simple(minor: number, value: number): unknown {
    switch (minor) {
      case Simple.False:
        return false;
      case Simple.True:
        return true;
      case Simple.Null:
        return null;
      case Simple.Undefined:
        return undefined;
      case Simple.Float32:
      case Simple.Float64:
        return value;
      default:
        throw new Error('an unknown simple value');
    }
  }

  #nested(major: number, value: number, share: number): unknown {
    // A level of a value is at most three levels of CBOR: shareable, tag, and array or map.
    if (this.#depth > DEPTH_MAX * 3) throw new Error(`nested deeper than ${DEPTH_MAX} levels`);
    this.#depth++;
    let result: unknown;
    if (major === Major.Array) result = this.#array(value, share);
    else if (major === Major.Map) result = this.#object(value, share);
    else result = this.#tagged(value, share);
    this.#depth--;
    return result;
  }

  #keep<T>(share: number, value: T): T {
    if (share !== NOT_SHARED) this.#shared[share] = value;
    return value;
  }

  #bytes(): Uint8Array {
    return this.#in.rawBytes(this.#in.expect(Major.Bytes));
  }

  #text(): string {
    const text = this.read();
    if (typeof text !== 'string') throw new Error('expected text');
    return text;
  }

  #number(): number {
    const number = this.read();
    if (typeof number !== 'number') throw new Error('expected a number');
    return number;
  }

  #array(length: number, share: number): unknown[] {
    const array: unknown[] = this.#keep(share, []);
    for (let index = 0; index < length; index++) array.push(this.read());
    return array;
  }

  #object(length: number, share: number): object {
    const object: Record<string, unknown> = this.#keep(share, {});
    for (let index = 0; index < length; index++) {
      const key = this.#in.rawText(this.#in.expect(Major.Text));
      if (key === '__proto__') setProperty(object, key, this.read());
      else object[key] = this.read();
    }
    return object;
  }

  #tagged(tag: number, share: number): unknown {
    switch (tag) {
      case Tag.EpochSeconds:
        return this.#keep(share, new Date(Math.round(this.#number() * 1000)));
      case Tag.PositiveBigInt:
        return bigIntFrom(this.#bytes());
      case Tag.NegativeBigInt:
        return -1n - bigIntFrom(this.#bytes());
      case Tag.Shareable:
        return this.#shareable(share);
      case Tag.SharedRef: {
        const target = this.#shared[this.#number()];
        if (target === undefined) throw new Error('a reference to nothing');
        return target;
      }
      case Tag.Set: {
        const set = this.#keep(share, new Set());
        const length = this.#in.expect(Major.Array);
        for (let index = 0; index < length; index++) set.add(this.read());
        return set;
      }
      case Tag.Map: {
        const map = this.#keep(share, new Map());
        const length = this.#in.expect(Major.Map);
        for (let index = 0; index < length; index++) map.set(this.read(), this.read());
        return map;
      }
      case Tag.RegExp:
        if (this.#in.expect(Major.Array) !== 2) throw new Error('a malformed RegExp');
        return this.#keep(share, new RegExp(this.#text(), this.#text()));
      case Tag.Varve:
        return this.#ours(share);
      default:
        return this.#keep(share, this.#typedArray(tag));
    }
  }

  #typedArray(tag: number): ArrayBufferView {
    const name = Object.keys(TYPED_ARRAY_TAGS).find((key) => TYPED_ARRAY_TAGS[key] === tag);
    if (name === undefined) throw new Error(`unknown tag ${tag}`);
    return new (globalNamed<ViewConstructor>(name))(this.#bytes().buffer);
  }

  #shareable(outer: number): unknown {
    if (outer !== NOT_SHARED) throw new Error('a value is shareable twice');
    const share = this.#shared.push(undefined) - 1;
    const value = this.read(share);
    if (value === undefined || this.#shared[share] !== value) {
      throw new Error('a shareable value that is no object');
    }
    return value;
  }

  #ours(share: number): unknown {
    const length = this.#in.expect(Major.Array);
    const kind = this.#number();
    switch (kind) {
      case Kind.Utf16:
        return textFromUtf16(this.#bytes());
      case Kind.Entries: {
        const object: object = this.#keep(share, {});
        for (let index = 1; index < length; index += 2) {
          setProperty(object, this.#text(), this.read());
        }
        return object;
      }
      case Kind.SparseArray:
        return this.#sparseArray(length, share);
      case Kind.Boxed: {
        const primitive = this.read();
        if (primitive === undefined || typeof primitive === 'object') {
          throw new Error('a box around no primitive');
        }
        return this.#keep(share, Object(primitive));
      }
      case Kind.Error:
        return this.#error(length, share);
      case Kind.ArrayBuffer:
        return this.#keep(share, this.#bytes().buffer);
      case Kind.DataView:
        return this.#keep(share, new DataView(this.#bytes().buffer));
      case Kind.FarDate:
        return this.#keep(share, new Date(this.#number()));
      default:
        throw new Error(`unknown kind ${kind}`);
    }
  }

  #sparseArray(partCount: number, share: number): unknown[] {
    const array: unknown[] = this.#keep(share, []);
    const length = this.#number();
    if (length > DENSE_LENGTH_MAX) {
      array[0xffff_fffe] = 0;
      Reflect.deleteProperty(array, 0xffff_fffe);
    }
    array.length = length;
    for (let index = 2; index < partCount; index += 2) {
      const key = this.read();
      const valid = typeof key === 'number' ? key < length : typeof key === 'string';
      if (!valid || key === 'length') throw new Error('a malformed key in an array');
      setProperty(array, key as PropertyKey, this.read());
    }
    return array;
  }

  #error(partCount: number, share: number): Error {
    const name = this.#text();
    if (!ERROR_NAMES.includes(name)) throw new Error('an unknown error type');
    const error = this.#keep(share, new (globalNamed<ErrorConstructor>(name))());
    const message = this.read();
    const stack = this.read();
    if (message !== null) setProperty(error, 'message', message, false);
    // Without one of its own it would tell where it was decoded.
    setProperty(error, 'stack', stack ?? undefined, false);
    if (partCount > 4) setProperty(error, 'cause', this.read(), false);
    return error;
  }
}

/** @throws CODEC_REFUSED for bytes that no value of the codec `name` is written as */
export function readValue(bytes: Uint8Array, utf8: TextDecoder, name: string): unknown {
  const input = new CborReader(bytes, utf8);
  try {
    const value = new ValueReader(input).read();
    if (!input.done) throw new Error('more bytes than one value');
    return value;
  } catch (error) {
    throw refuseBytes(name, input.offset, error);
  }
}
