/** Sets of snapshots: 64 bits as two unsigned 32-bit numbers. */

export interface Mask {
  readonly low: number;
  readonly high: number;
}

export const NO_BITS: Mask = { low: 0, high: 0 };

export function bitMask(bit: number): Mask {
  return bit < 32 ? { low: (1 << bit) >>> 0, high: 0 } : { low: 0, high: (1 << (bit - 32)) >>> 0 };
}

export const hasBit = ({ low, high }: Mask, bit: number): boolean =>
  (((bit < 32 ? low : high) >>> (bit & 31)) & 1) === 1;

export const isEmpty = ({ low, high }: Mask): boolean => (low | high) === 0;

export const union = (a: Mask, b: Mask): Mask => ({
  low: (a.low | b.low) >>> 0,
  high: (a.high | b.high) >>> 0,
});

export const without = (a: Mask, b: Mask): Mask => ({
  low: (a.low & ~b.low) >>> 0,
  high: (a.high & ~b.high) >>> 0,
});

export const overlaps = (a: Mask, b: Mask): boolean => ((a.low & b.low) | (a.high & b.high)) !== 0;

export const sameMask = (a: Mask, b: Mask): boolean => a.low === b.low && a.high === b.high;

/** The bit of a mask that has no other, or −1. */
export function onlyBit({ low, high }: Mask): number {
  const word = low === 0 ? high : low;
  const isOne = word !== 0 && (word & (word - 1)) === 0 && (low === 0 || high === 0);
  return isOne ? 31 - Math.clz32(word) + (low === 0 ? 32 : 0) : -1;
}

/** The lowest bit that is not in the mask, or −1. */
export function lowestClear({ low, high }: Mask): number {
  const clear = ~low === 0 ? ~high : ~low;
  if (clear === 0) return -1;
  const bit = 31 - Math.clz32(clear & -clear);
  return ~low === 0 ? bit + 32 : bit;
}
