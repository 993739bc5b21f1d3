/**
 * The part of CBOR (RFC 8949) that the structured codec needs: definite lengths, shortest heads,
 * single and double floats. Written and read here, in one place, rather than by a library: see
 * docs/decisions/0010-own-cbor.md. `cborg` reads and writes the same bytes in the tests.
 *
 * Always true:
 * - the reader takes any bytes: it throws before it allocates what is not there, and never reads
 *   past the end
 * - nothing the reader returns refers to the bytes it reads
 */

export const Major = {
  Uint: 0,
  NegativeInt: 1,
  Bytes: 2,
  Text: 3,
  Array: 4,
  Map: 5,
  Tag: 6,
  Simple: 7,
} as const;

/** What stands in the low five bits of a {@link Major.Simple} head. */
export const Simple = {
  False: 20,
  True: 21,
  Null: 22,
  Undefined: 23,
  Float32: 26,
  Float64: 27,
} as const;

const TWO_32 = 0x1_0000_0000;
/** Up to here a loop beats a call to the platform's encoder. */
const SHORT_TEXT_MAX = 48;
const FIRST_CAPACITY_BYTES = 256;
/** One large value must not hold its memory for good. */
const KEPT_CAPACITY_BYTES = 256 * 1024;

export class CborWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #utf8 = new TextEncoder();

  reset(): void {
    this.#at = 0;
    if (this.#bytes.length > KEPT_CAPACITY_BYTES) this.#use(new Uint8Array(FIRST_CAPACITY_BYTES));
  }

  /** What was written, in a buffer of its own. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#at);
    this.reset();
    return bytes;
  }

  head(major: number, value: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    const top = major << 5;
    if (value < 24) {
      bytes[this.#at++] = top | value;
    } else if (value < 0x100) {
      bytes[this.#at++] = top | 24;
      bytes[this.#at++] = value;
    } else if (value < 0x1_0000) {
      bytes[this.#at++] = top | 25;
      this.#view.setUint16(this.#at, value);
      this.#at += 2;
    } else if (value < TWO_32) {
      bytes[this.#at++] = top | 26;
      this.#view.setUint32(this.#at, value);
      this.#at += 4;
    } else {
      bytes[this.#at++] = top | 27;
      this.#view.setUint32(this.#at, Math.floor(value / TWO_32));
      this.#view.setUint32(this.#at + 4, value % TWO_32);
      this.#at += 8;
    }
  }

  /** Integers as integers, −0 and all else as the shorter float that holds it. */
  number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.head(Major.Uint, value);
      else this.head(Major.NegativeInt, -1 - value);
      return;
    }
    this.#reserve(9);
    if (Math.fround(value) === value || Number.isNaN(value)) {
      this.#bytes[this.#at] = (Major.Simple << 5) | Simple.Float32;
      this.#view.setFloat32(this.#at + 1, value);
      this.#at += 5;
    } else {
      this.#bytes[this.#at] = (Major.Simple << 5) | Simple.Float64;
      this.#view.setFloat64(this.#at + 1, value);
      this.#at += 9;
    }
  }

  bytes(bytes: Uint8Array): void {
    this.head(Major.Bytes, bytes.length);
    this.#raw(bytes);
  }

  /** The text must be well formed. */
  text(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT_MAX) {
      const start = this.#at;
      this.head(Major.Text, length);
      this.#reserve(length);
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit > 0x7f) break;
        this.#bytes[this.#at + index] = unit;
      }
      if (index === length) {
        this.#at += length;
        return;
      }
      this.#at = start;
    }
    const encoded = this.#utf8.encode(text);
    this.head(Major.Text, encoded.length);
    this.#raw(encoded);
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(byteCount: number): void {
    const needed = this.#at + byteCount;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#use(grown);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

export class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #utf8: TextDecoder;
  #at = 0;
  /** Of the head that was read last. */
  major = 0;
  minor = 0;
  value = 0;

  constructor(bytes: Uint8Array, utf8: TextDecoder) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#utf8 = utf8;
  }

  get offset(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Reads one head into {@link major}, {@link minor} and {@link value} (for floats: the number). */
  head(): void {
    const at = this.#need(1);
    const first = this.#bytes[at]!;
    this.major = first >> 5;
    const minor = first & 31;
    this.minor = minor;
    if (minor < 24) this.value = minor;
    else if (this.major === Major.Simple) this.value = this.#float(minor);
    else this.value = this.#argument(minor);
  }

  expect(major: number): number {
    this.head();
    if (this.major !== major) throw new Error(`expected major type ${major}, found ${this.major}`);
    return this.value;
  }

  /** The `length` bytes that follow a head. */
  rawBytes(length: number): Uint8Array {
    const at = this.#need(length);
    return Uint8Array.prototype.slice.call(this.#bytes, at, at + length);
  }

  rawText(length: number): string {
    const at = this.#need(length);
    if (length <= SHORT_TEXT_MAX) {
      let text = '';
      let index = at;
      for (; index < at + length; index++) {
        const byte = this.#bytes[index]!;
        if (byte > 0x7f) break;
        text += String.fromCharCode(byte);
      }
      if (index === at + length) return text;
    }
    return this.#utf8.decode(this.#bytes.subarray(at, at + length));
  }

  #float(minor: number): number {
    if (minor === Simple.Float32) return this.#view.getFloat32(this.#need(4));
    if (minor === Simple.Float64) return this.#view.getFloat64(this.#need(8));
    throw new Error('an unknown simple value');
  }

  #argument(minor: number): number {
    switch (minor) {
      case 24:
        return this.#shortest(this.#bytes[this.#need(1)]!, 24);
      case 25:
        return this.#shortest(this.#view.getUint16(this.#need(2)), 0x100);
      case 26:
        return this.#shortest(this.#view.getUint32(this.#need(4)), 0x1_0000);
      case 27: {
        const at = this.#need(8);
        const value = this.#view.getUint32(at) * TWO_32 + this.#view.getUint32(at + 4);
        if (!Number.isSafeInteger(value)) throw new Error('a number above 2^53 − 1');
        return this.#shortest(value, TWO_32);
      }
      default:
        throw new Error('an indefinite or reserved length');
    }
  }

  #shortest(value: number, least: number): number {
    if (value < least) throw new Error('a number that is not in its shortest form');
    return value;
  }

  #need(byteCount: number): number {
    const at = this.#at;
    if (byteCount > this.#bytes.length - at) throw new Error('the bytes end too early');
    this.#at = at + byteCount;
    return at;
  }
}
