/** Bytes as they are. */
import { VarveError } from '@varve/protocol';
import type { Codec } from '../api.ts';

/**
 * Records are byte arrays, stored without any wrapping. `encode` hands over the caller's own array
 * (Varve copies it before `append` returns); `decode` gives a copy that belongs to the reader.
 */
export const bytesCodec: Codec<Uint8Array> = {
  name: 'bytes',
  encode(value) {
    // By its tag: another realm's is one, too, and unlike a name to compare a tag is not made anew.
    if (ArrayBuffer.isView(value) && value[Symbol.toStringTag] === 'Uint8Array') return value;
    throw new VarveError('CODEC_REFUSED', '$: a log of bytes takes Uint8Array only', {
      facts: { path: '$' },
    });
  },
  decode: (bytes) => new Uint8Array(bytes),
};

/**
 * The same records, read without a copy: `decode` gives a view into the chunk that it came in (64 KiB
 * to 1 MiB, which lives as long as any view of it). Nobody else writes there; but records of one chunk
 * share its buffer, so whoever transfers or overwrites the `buffer` of one loses its neighbours.
 */
export const bytesViewCodec: Codec<Uint8Array> = { ...bytesCodec, decode: (bytes) => bytes };
