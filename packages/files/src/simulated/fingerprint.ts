/** Tells files apart by their bytes, cheaply: pages that copies share are looked at once. */
import type { PagedBytes } from '../paged-bytes.ts';

/** Equal for equal bytes; for others it differs, but for chance. A hole is a page of zeros. */
export function fingerprintOf(bytes: PagedBytes): string {
  const digests = bytes.digests(digestOf).map((digest) => (digest ?? 0).toString(36));
  return `${bytes.size}:${digests.join().replace(/(,0)+$/, '')}`;
}

/** 52 bits of a page; 0 for zeros. */
function digestOf(page: Uint8Array): number {
  const words = new Int32Array(page.buffer, page.byteOffset, page.length / 4);
  let high = 0;
  let low = 0;
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === 0) continue;
    high = Math.imul(high ^ word ^ (index << 20), 0x9e37_79b1);
    low = Math.imul((low << 13) ^ (low >>> 19) ^ word, 0x85eb_ca77) + index;
  }
  return (high >>> 6) * 2 ** 26 + ((low ^ (low >>> 15)) & 0x3ff_ffff);
}
