/**
 * An append's key of its caller's, as the log remembers it: a client of its own with one message.
 *
 * Always true:
 * - equal keys are one client, in every tab, process and life; equal records are one message: who
 *   appends other records under a key that is known is refused
 * - what was sent under it once is sent again as what it was
 */
import { xxh32 } from '@varve/bytes';
import type { InboxStamp } from '@varve/files';
import { badArgument } from '@varve/protocol';
import type { AppendMessage, MessageStamp } from '@varve/protocol';

const KEY_BYTES_MAX = 256;
/** Stands before a key: no other digest is of such bytes. */
const DOMAIN = 'varve.key';
/** The second half of a name looks at the bytes in another alignment: what cancels in one does not in both. */
const SECOND_START = 3;

/** When it was first sent. */
interface FirstSent {
  readonly sinceGeneration: number;
  readonly afterLsn: number;
}

export class AppendKey {
  readonly client: string;
  readonly sequence: number;
  #first: FirstSent | undefined;

  /** @throws BAD_ARGUMENT */
  constructor({
    key,
    buffer,
    length,
    stream,
  }: Pick<AppendMessage, 'buffer' | 'length' | 'key' | 'stream'>) {
    // Made here: importing `varve/service-worker` touches nothing of its host.
    const utf8 = new TextEncoder();
    const bytes = typeof key === 'string' ? utf8.encode(key) : key;
    const isKey = bytes instanceof Uint8Array && bytes.length > 0 && bytes.length <= KEY_BYTES_MAX;
    if (!isKey || stream !== undefined)
      throw badArgument('key', `1 to ${KEY_BYTES_MAX} bytes, and not of a stream`);
    const domain = utf8.encode(DOMAIN);
    const named = new Uint8Array(domain.length + bytes.length);
    named.set(domain);
    named.set(bytes, domain.length);
    // `isKeyClient`
    const high = xxh32(named, 0, named.length, 1) & 0xff_ffff;
    const low = xxh32(named, SECOND_START, named.length, 2);
    this.client = `02${hex(high, 6)}${hex(low, 8)}`;
    this.sequence = 1 + xxh32(new Uint8Array(buffer), 0, length);
  }

  stamp(
    isRepeated: boolean,
    { generation, durableLsn }: { readonly generation: number; readonly durableLsn: number },
  ): MessageStamp {
    this.#first ??= { sinceGeneration: generation, afterLsn: durableLsn };
    return { ...this.name, answeredTo: 0, isRepeated, ...this.#first };
  }

  /** Under which it may have been sent. */
  get sent(): InboxStamp {
    return { ...this.name, ...this.#first! };
  }

  /** For who cannot tell yet when it is sent. */
  get name(): Pick<InboxStamp, 'client' | 'sequence'> {
    return { client: this.client, sequence: this.sequence };
  }
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
