/** From a record's bytes to what the application sees: codec, then upcast, then schema. */
import { VarveError } from '@varve/protocol';
import type { Codec, Entry, OpenOptions } from './api.ts';

export interface EntryCoder<T> {
  /** @throws SCHEMA_REFUSED, CODEC_REFUSED */
  encode(value: T): Uint8Array;
  /** @throws SCHEMA_REFUSED, CODEC_REFUSED */
  decode(bytes: Uint8Array, lsn: number, type: number, channel: number, timeMs: number): Entry<T>;
}

export function entryCoder<T>(codec: Codec<T>, { schema, upcast }: OpenOptions<T>): EntryCoder<T> {
  return {
    encode(value) {
      const checked = check(value);
      try {
        return codec.encode(checked);
      } catch (cause) {
        throw new VarveError('CODEC_REFUSED', (cause as Error | undefined)?.message, {
          facts: { codec: codec.name },
          outcome: 'not-written',
          cause,
        });
      }
    },
    decode(bytes, lsn, type, channel, timeMs) {
      let value: T;
      try {
        value = codec.decode(bytes);
      } catch (cause) {
        throw new VarveError('CODEC_REFUSED', 'the codec cannot read it', {
          facts: { codec: codec.name, lsn },
          cause,
        });
      }
      if (upcast) value = upcast(value, { lsn, type, channel }) as T;
      return { lsn, value: check(value), type, channel, timeMs };
    },
  };

  function check(value: T): T {
    if (!schema) return value;
    const result = schema['~standard'].validate(value);
    if ('then' in result) {
      throw new VarveError('SCHEMA_REFUSED', 'the schema answers later');
    }
    if (!result.issues) return result.value;
    throw new VarveError('SCHEMA_REFUSED', result.issues[0]?.message, {
      facts: { issues: result.issues.length },
      outcome: 'not-written',
    });
  }
}
