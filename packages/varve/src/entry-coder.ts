/** From a record's bytes to what the application sees: codec, then upcast, then schema. */
import { VarveError } from '@varve/protocol';
import type { Codec, Entry, OpenOptions, StandardSchema } from './api.ts';

export class EntryCoder<T> {
  readonly codec: Codec<T>;
  readonly #schema: StandardSchema<T> | undefined;
  readonly #upcast: OpenOptions['upcast'];

  constructor(codec: Codec<T>, { schema, upcast }: OpenOptions<T>) {
    this.codec = codec;
    this.#schema = schema;
    this.#upcast = upcast;
  }

  /** @throws SCHEMA_REFUSED, CODEC_REFUSED */
  encode(value: T): Uint8Array {
    const checked = this.#check(value);
    try {
      return this.codec.encode(checked);
    } catch (cause) {
      throw new VarveError('CODEC_REFUSED', cause instanceof Error ? cause.message : undefined, {
        facts: { codec: this.codec.name },
        outcome: 'not-written',
        cause,
      });
    }
  }

  decode(bytes: Uint8Array, lsn: number, type: number, channel: number, timeMs: number): Entry<T> {
    let value: T;
    try {
      value = this.codec.decode(bytes);
    } catch (cause) {
      throw new VarveError('CODEC_REFUSED', 'the codec cannot read this record', {
        facts: { codec: this.codec.name, lsn },
        cause,
      });
    }
    if (this.#upcast) value = this.#upcast(value, { lsn, type, channel }) as T;
    return { lsn, value: this.#check(value), type, channel, timeMs };
  }

  #check(value: T): T {
    if (this.#schema === undefined) return value;
    const result = this.#schema['~standard'].validate(value);
    if ('then' in result) {
      throw new VarveError('SCHEMA_REFUSED', 'the schema answers later; Varve needs it at once');
    }
    if (result.issues === undefined) return result.value;
    throw new VarveError('SCHEMA_REFUSED', result.issues[0]?.message, {
      facts: { issues: result.issues.length },
      outcome: 'not-written',
    });
  }
}
