/**
 * Nested typed subrecords: structure inside a payload that a reader can walk, and skip where it
 * does not know a type.
 *
 * ```
 *  0        2         3      4          8
 *  +--------+---------+------+----------+----------------------+---------+
 *  | type   | version | kind | length   | body: length bytes   | zeros   |
 *  | u16    | u8      | u8   | u32      |                      | to 8    |
 *  +--------+---------+------+----------+----------------------+---------+
 * kind 0 leaf: the body is bytes · 1 group: the body is subrecords · 2 end marker: length 0
 * ```
 *
 * Always true (little-endian; offsets count from the first subrecord):
 * - a subrecord begins at a multiple of 8, and so does its body
 * - a group's length is known (it covers all inside, padding included) or 0xffff_ffff; then an end
 *   marker of the same type closes it, and only then
 * - type 0xffff is reserved; what the other types mean is the application's affair
 * - the reader never throws and never runs longer than the bytes are long, whatever they are
 */
import { readU16, readU32, writeU16, writeU32 } from './little-endian.ts';

const HEADER_BYTES = 8;
const UNKNOWN_LENGTH = 0xffff_ffff;
const Kind = { Leaf: 0, Group: 1, End: 2 } as const;

export const SUBRECORD_TYPE_MAX = 0xfffe;
export const SUBRECORD_VERSION_MAX = 0xff;
/** Groups inside groups. The writer refuses more, to the reader more is malformed. */
export const SUBRECORD_DEPTH_MAX = 64;

const padded = (length: number): number => Math.ceil(length / 8) * 8;

export interface PushOptions {
  /** Version of the meaning of `type`, 0–255. Default 0. */
  readonly version?: number;
  /**
   * `'patched'` (default): the length is filled in at `pop`, so that readers skip the group in one
   * step. `'unknown'`: nothing is changed later, so that what was written can be sent at once.
   */
  readonly length?: 'patched' | 'unknown';
}

interface OpenGroup {
  readonly type: number;
  /** Offset of its header, counted from the first byte ever written. */
  readonly start: number;
  readonly patched: boolean;
}

/**
 * Misuse (an unbalanced `pop`, a type out of range) throws RangeError: it is a mistake in the
 * program, never a matter of data.
 */
export class SubrecordWriter {
  #bytes = new Uint8Array(256);
  #length = 0;
  /** Bytes that `drain` gave out: what `#bytes` begins after. */
  #drained = 0;
  readonly #open: OpenGroup[] = [];

  /** Bytes written so far, drained ones included. */
  get length(): number {
    return this.#drained + this.#length;
  }

  get depth(): number {
    return this.#open.length;
  }

  /** Begins a group; what follows is inside it until `pop`. */
  push(type: number, options: PushOptions = {}): void {
    if (this.#open.length >= SUBRECORD_DEPTH_MAX) {
      throw new RangeError(`subrecords nest at most ${SUBRECORD_DEPTH_MAX} levels deep`);
    }
    const patched = options.length !== 'unknown';
    const start = this.length;
    this.#header(type, options.version ?? 0, Kind.Group, patched ? 0 : UNKNOWN_LENGTH);
    this.#open.push({ type, start, patched });
  }

  /** Writes bytes under a type. */
  leaf(type: number, bytes: Uint8Array, options: { readonly version?: number } = {}): void {
    if (bytes.length >= UNKNOWN_LENGTH) throw new RangeError('a leaf holds less than 4 GiB');
    this.#header(type, options.version ?? 0, Kind.Leaf, bytes.length);
    const at = this.#reserve(padded(bytes.length));
    this.#bytes.set(bytes, at);
    this.#bytes.fill(0, at + bytes.length, this.#length);
  }

  /** Ends the group that was begun last. */
  pop(): void {
    const group = this.#open.pop();
    if (group === undefined) throw new RangeError('pop without push');
    if (!group.patched) {
      this.#header(group.type, 0, Kind.End, 0);
      return;
    }
    const length = this.length - group.start - HEADER_BYTES;
    if (length >= UNKNOWN_LENGTH) throw new RangeError('a group holds less than 4 GiB');
    writeU32(this.#bytes, group.start - this.#drained + 4, length);
  }

  /** A copy of what is final by now and was not drained yet: all before the first open patched group. */
  drain(): Uint8Array {
    const first = this.#open.find((group) => group.patched);
    const end = first === undefined ? this.#length : first.start - this.#drained;
    const bytes = this.#bytes.slice(0, end);
    this.#bytes.copyWithin(0, end, this.#length);
    this.#length -= end;
    this.#drained += end;
    return bytes;
  }

  /** The rest, after the last `pop`. */
  finish(): Uint8Array {
    if (this.#open.length > 0) throw new RangeError(`${this.#open.length} groups are still open`);
    return this.drain();
  }

  #header(type: number, version: number, kind: number, length: number): void {
    if (!Number.isInteger(type) || type < 0 || type > SUBRECORD_TYPE_MAX) {
      throw new RangeError(`a subrecord's type is 0 … ${SUBRECORD_TYPE_MAX}`);
    }
    if (!Number.isInteger(version) || version < 0 || version > SUBRECORD_VERSION_MAX) {
      throw new RangeError(`a subrecord's version is 0 … ${SUBRECORD_VERSION_MAX}`);
    }
    const at = this.#reserve(HEADER_BYTES);
    writeU16(this.#bytes, at, type);
    this.#bytes[at + 2] = version;
    this.#bytes[at + 3] = kind;
    writeU32(this.#bytes, at + 4, length);
  }

  /** Makes room at the end; returns where it begins. */
  #reserve(byteCount: number): number {
    const at = this.#length;
    const needed = at + byteCount;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#length = needed;
    return at;
  }
}

/** What `next` and `leave` found. `malformed` is final: every later call says so too. */
export type SubrecordStep = 'leaf' | 'group' | 'end' | 'malformed';

interface EnteredGroup {
  readonly type: number;
  /** First offset after its body; undefined: an end marker says where. */
  readonly end: number | undefined;
}

/**
 * Walks subrecords in order: `next()` moves to the next one at this level and skips the one before
 * unless it was entered; `enter()` descends into a group; `leave()` goes back up, past the rest.
 */
export class SubrecordReader {
  /** Of the subrecord that `next` found last. */
  type = 0;
  version = 0;
  readonly #bytes: Uint8Array;
  /** The nearest known end around the current level. */
  readonly #limits: number[];
  readonly #entered: EnteredGroup[] = [];
  #at: number;
  #kind: SubrecordStep = 'end';
  /** Body of the current subrecord: its start, and its length or {@link UNKNOWN_LENGTH}. */
  #bodyStart = 0;
  #bodyLength = 0;
  /** The current subrecord has not been passed yet. */
  #pending = false;

  /** @throws RangeError when `start` and `end` are no range of `bytes` */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) throw new RangeError('no such range');
    this.#bytes = bytes;
    this.#at = start;
    this.#limits = [end];
  }

  get depth(): number {
    return this.#entered.length;
  }

  /** The bytes of the current leaf (a view); empty when there is none. */
  get body(): Uint8Array {
    if (this.#kind !== 'leaf') return this.#bytes.subarray(0, 0);
    return this.#bytes.subarray(this.#bodyStart, this.#bodyStart + this.#bodyLength);
  }

  /** `end`: nothing more at this level. */
  next(): SubrecordStep {
    if (this.#kind === 'malformed') return 'malformed';
    if (this.#pending && !this.#skipCurrent()) return this.#malformed();
    const group = this.#entered.at(-1);
    const limit = this.#limit;
    if (this.#at === limit) {
      // With the end of an enclosing group reached, an end marker can no longer come.
      return group !== undefined && group.end === undefined ? this.#malformed() : this.#end();
    }
    const kind = this.#readHeader(limit);
    if (kind === Kind.End) {
      if (group === undefined || group.end !== undefined || group.type !== this.type) {
        return this.#malformed();
      }
      this.#at = this.#bodyStart - HEADER_BYTES; // stays before the marker until `leave`
      return this.#end();
    }
    if (kind === undefined) return this.#malformed();
    this.#pending = true;
    this.#kind = kind === Kind.Leaf ? 'leaf' : 'group';
    return this.#kind;
  }

  /** Descends into the current group: `next` then gives what is inside. False unless there is one. */
  enter(): boolean {
    if (this.#kind !== 'group' || !this.#pending) return false;
    if (this.#entered.length >= SUBRECORD_DEPTH_MAX) {
      this.#malformed();
      return false;
    }
    const known = this.#bodyLength !== UNKNOWN_LENGTH;
    const end = known ? this.#bodyStart + this.#bodyLength : undefined;
    this.#entered.push({ type: this.type, end });
    this.#limits.push(end ?? this.#limit);
    this.#at = this.#bodyStart;
    this.#pending = false;
    this.#kind = 'end';
    return true;
  }

  /** Goes back to the level of the group that was entered last, past all that is left in it. */
  leave(): 'end' | 'malformed' {
    if (this.#kind === 'malformed') return 'malformed';
    if (this.#pending && !this.#skipCurrent()) return this.#malformed();
    const group = this.#entered.pop();
    const limit = this.#limits.length > 1 ? this.#limits.pop() : undefined;
    if (group === undefined || limit === undefined) return this.#end();
    if (group.end !== undefined) this.#at = group.end;
    else if (!this.#passEndMarkers(group.type, limit)) return this.#malformed();
    return this.#end();
  }

  get #limit(): number {
    return this.#limits[this.#limits.length - 1]!;
  }

  #end(): 'end' {
    this.#kind = 'end';
    return 'end';
  }

  #malformed(): 'malformed' {
    this.#pending = false;
    this.#kind = 'malformed';
    return 'malformed';
  }

  /** Reads the header at `#at` and checks that it and a body of known length fit before `limit`. */
  #readHeader(limit: number): number | undefined {
    const bytes = this.#bytes;
    const at = this.#at;
    if (limit - at < HEADER_BYTES) return undefined;
    const kind = bytes[at + 3]!;
    this.type = readU16(bytes, at);
    this.version = bytes[at + 2]!;
    this.#bodyStart = at + HEADER_BYTES;
    this.#bodyLength = readU32(bytes, at + 4);
    if (kind > Kind.End || this.type > SUBRECORD_TYPE_MAX) return undefined;
    if (kind === Kind.End) return this.#bodyLength === 0 ? kind : undefined;
    if (kind === Kind.Group && this.#bodyLength === UNKNOWN_LENGTH) return kind;
    if (kind === Kind.Group && this.#bodyLength % 8 !== 0) return undefined;
    if (padded(this.#bodyLength) > limit - this.#bodyStart) return undefined;
    return kind;
  }

  #skipCurrent(): boolean {
    this.#pending = false;
    if (this.#bodyLength !== UNKNOWN_LENGTH || this.#kind === 'leaf') {
      this.#at = this.#bodyStart + padded(this.#bodyLength);
      return true;
    }
    this.#at = this.#bodyStart;
    const { type, version } = this;
    const passed = this.#passEndMarkers(type, this.#limit);
    this.type = type;
    this.version = version;
    return passed;
  }

  /** Moves past the end marker of the group of `type` that `#at` lies in; each step moves forward. */
  #passEndMarkers(type: number, limit: number): boolean {
    const open = [type];
    while (open.length > 0) {
      const kind = this.#readHeader(limit);
      if (kind === undefined) return false;
      this.#at = this.#bodyStart;
      if (kind === Kind.End) {
        if (open.pop() !== this.type) return false;
      } else if (kind === Kind.Group && this.#bodyLength === UNKNOWN_LENGTH) {
        if (this.#entered.length + open.length >= SUBRECORD_DEPTH_MAX) return false;
        open.push(this.type);
      } else {
        this.#at += padded(this.#bodyLength);
      }
    }
    return true;
  }
}
