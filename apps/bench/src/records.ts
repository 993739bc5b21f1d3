/**
 * The bytes that every subject stores: a fixed pool of records, made once, the same in every run.
 *
 * Each record owns its buffer: structured clone of a view copies the whole buffer behind it, and
 * a peer must not pay for ours.
 */

const pools = new Map<number, Uint8Array[]>();
const POOL_RECORDS = 1024;

/** Records of that size that compress badly; the pool is shared, never write to it. */
export function recordPool(recordBytes: number): readonly Uint8Array[] {
  let pool = pools.get(recordBytes);
  if (pool === undefined) {
    let state = 0x9e37_79b9 ^ recordBytes;
    pool = Array.from({ length: recordBytes > 8192 ? 64 : POOL_RECORDS }, () => {
      const record = new Uint8Array(recordBytes);
      for (let at = 0; at < recordBytes; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        record[at] = state >>> 24;
      }
      return record;
    });
    pools.set(recordBytes, pool);
  }
  return pool;
}

/** `count` records of the pool, starting anywhere. */
export function recordBatch(recordBytes: number, count: number): readonly Uint8Array[] {
  const pool = recordPool(recordBytes);
  return Array.from({ length: count }, (_, at) => pool[at % pool.length]!);
}

/** The records of a batch in one buffer, back to back. */
export function pack(records: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let total = 0;
  for (const record of records) total += record.length;
  const packed = new Uint8Array(total);
  let at = 0;
  for (const record of records) {
    packed.set(record, at);
    at += record.length;
  }
  return packed;
}
