/** A small deterministic generator (splitmix32): equal seeds give equal runs. Not for secrets. */
import type { Random } from '../host.ts';

export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 … 2^32−1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** 0 … `limit`−1. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }

  fill(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index += 4) {
      const word = this.next();
      bytes[index] = word;
      if (index + 1 < bytes.length) bytes[index + 1] = word >>> 8;
      if (index + 2 < bytes.length) bytes[index + 2] = word >>> 16;
      if (index + 3 < bytes.length) bytes[index + 3] = word >>> 24;
    }
  }
}

/** One seed out of several numbers and words: FNV-1a over their text. */
export function seedOf(...parts: (number | string)[]): number {
  let hash = 0x811c9dc5;
  for (const character of parts.join('/')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash >>> 0;
}
