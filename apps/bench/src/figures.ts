/** Quantiles and ratios. Pure arithmetic; every list may come unsorted and is left as it was. */

export function sorted(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** The value below which the share `q` of a *sorted* list lies. NaN for an empty list. */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  if (ascending.length === 0) return NaN;
  const at = (ascending.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.min(low + 1, ascending.length - 1);
  return ascending[low]! + (ascending[high]! - ascending[low]!) * (at - low);
}

export function median(values: ArrayLike<number>): number {
  return quantile(sorted(values), 0.5);
}

/**
 * The median of the ratios block by block. Blocks with the same number ran next to each other, so
 * that a slow minute of the machine slows both sides of a ratio.
 */
export function pairedRatio(values: readonly number[], base: readonly number[]): number {
  const count = Math.min(values.length, base.length);
  return median(Array.from({ length: count }, (_, at) => values[at]! / base[at]!));
}
