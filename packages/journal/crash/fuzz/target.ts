/**
 * What a decoder must never do, whatever bytes it is given: throw anything but a typed error, go on
 * without end, or reserve memory for what is not there.
 */
import type { SeededRandom } from '@varve/files/simulated';
import { isVarveError } from '@varve/protocol';

export interface FuzzTarget {
  readonly name: string;
  /** Inputs of it among a thousand of all targets. */
  readonly share: number;
  /** Bytes that an input may make it reserve at once. */
  readonly allocatesMax: number;
  /** Makes one input and decodes it. @throws what is not allowed */
  once(random: SeededRandom): void | Promise<void>;
}

/** Runs a decoder that may refuse. Undefined then. */
export function refusable<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (!isVarveError(error)) throw error;
    return undefined;
  }
}

/** Random bytes, or good ones with damage: bytes and words replaced, cut short, parts moved. */
export function hostile(random: SeededRandom, good: Uint8Array): Uint8Array {
  const form = random.below(16);
  if (form === 0) {
    const bytes = new Uint8Array(random.below(good.length + 1));
    random.fill(bytes);
    return bytes;
  }
  const bytes = good.slice(0, form === 1 ? random.below(good.length + 1) : good.length);
  if (bytes.length > 0) edit(random, bytes, random.below(5));
  return bytes;
}

const TELLING = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];

/** Makes so many edits in place. */
export function edit(random: SeededRandom, bytes: Uint8Array, edits: number): void {
  for (let left = edits; left > 0; left--) {
    const at = random.below(bytes.length);
    switch (random.below(6)) {
      case 0:
        bytes[at] = TELLING[random.below(TELLING.length)]!;
        break;
      case 1:
        bytes[at]! ^= 1 << random.below(8);
        break;
      case 2: // a word of the largest or smallest numbers
        bytes.fill(random.below(2) === 0 ? 255 : 0, at, at + 1 + random.below(8));
        break;
      case 3:
        bytes.copyWithin(at, random.below(bytes.length), random.below(bytes.length));
        break;
      default:
        bytes[at] = random.next();
    }
  }
}
