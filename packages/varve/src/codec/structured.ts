/**
 * The default codec: what `structuredClone` gives back, written as CBOR (RFC 8949), or a refusal.
 *
 * It differs from `structuredClone` in these, on purpose:
 * - instances of classes are refused, where `structuredClone` takes their class away in silence
 * - a view comes back over a buffer of its own that holds just its bytes; two views of one buffer
 *   come back as two buffers (storing all of a large buffer for a small view would be worse)
 * - resizable and shared buffers, and errors that would lose a property, are refused
 * - the cause of an error is kept on every platform
 * One object in several places is one object again, and cycles close again: application state
 * shares its parts all the time, and copies would grow a checkpoint without anybody noticing.
 * Values nest at most 500 levels deep.
 */
import type { Codec } from '../api.ts';
import { CborWriter } from './cbor.ts';
import { readValue } from './value-reader.ts';
import { writeValue } from './value-writer.ts';

const NAME = 'structured';

export function structuredCodec(): Codec<unknown> {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let spare: CborWriter | undefined;
  return {
    name: NAME,
    encode(value) {
      // Taken while in use: a getter inside the value may encode something itself.
      const writer = spare ?? new CborWriter();
      spare = undefined;
      const bytes = writeValue(value, writer);
      spare = writer;
      return bytes;
    },
    decode: (bytes) => readValue(bytes, utf8, NAME),
  };
}
