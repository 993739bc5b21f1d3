/**
 * Under which name, and with which numbers, this engine's append messages travel to a leader.
 *
 * Always true:
 * - a message has one number, given when it is first sent: the order of numbers is that of sending
 * - `answeredTo` is the highest number up to which no message will be sent again
 * - a message under a key of its caller's is none of this client's
 * - no two sources or sinks that it opens at leaders have one number, be it at another leader
 */
import type { Host, InboxStamp } from '@varve/files';
import type { AppendMessage, MessageStamp } from '@varve/protocol';
import { AppendKey } from './append-key.ts';
import { randomName } from './link.ts';

/** One message's number; 0: it was not sent yet. */
export interface Ticket {
  sequence: number;
  readonly key?: AppendKey;
  /** Of the end of a stream: of the leader that it was sent to. */
  generation?: number;
}

/** @throws BAD_ARGUMENT of its key */
export function ticketOf(
  message: Pick<AppendMessage, 'buffer' | 'length' | 'key' | 'stream'>,
): Ticket {
  return message.key === undefined ? { sequence: 0 } : { sequence: 0, key: new AppendKey(message) };
}

/** Below are numbers of those that are open in this engine. */
const FIRST_STREAM = 2 ** 32;

/** A source or sink that was opened at a leader, be it gone by now. */
export const isLeadersStream = (stream: number): boolean => stream > FIRST_STREAM;

export class ClientIdentity {
  readonly #client: string;
  readonly #doneBeyond = new Set<number>();
  #answeredTo = 0;
  #last = 0;
  #lastStream = FIRST_STREAM;
  /** Generation of the first leader that this client came to know. */
  #sinceGeneration: number | undefined;

  constructor({ random }: Pick<Host, 'random'>) {
    this.#client = randomName(random);
  }

  /** @param generation the leader's that it is sent to now */
  stamp(ticket: Ticket, generation: number): MessageStamp {
    const isRepeated = ticket.sequence > 0;
    if (!isRepeated) ticket.sequence = ++this.#last;
    this.#sinceGeneration ??= generation;
    return {
      client: this.#client,
      sequence: ticket.sequence,
      sinceGeneration: this.#sinceGeneration,
      answeredTo: this.#answeredTo,
      isRepeated,
    };
  }

  newStream(): number {
    return ++this.#lastStream;
  }

  /** Under which the message was sent; undefined: it never was. */
  sent({ sequence, key }: Ticket): InboxStamp | undefined {
    if (sequence === 0) return undefined;
    if (key !== undefined) return key.sent;
    return { client: this.#client, sequence, sinceGeneration: this.#sinceGeneration! };
  }

  /** It will not be sent again. */
  done({ sequence, key }: Ticket): void {
    if (key !== undefined || sequence <= this.#answeredTo) return;
    this.#doneBeyond.add(sequence);
    while (this.#doneBeyond.delete(this.#answeredTo + 1)) this.#answeredTo++;
  }
}

/**
 * Of a message that is sent now: its key's stamp, or its client's.
 * @param identity only where the message bears a key may there be none
 * @param known of the store that it is sent to; at least so much is durable
 */
export function stampOf(
  ticket: Ticket,
  identity: ClientIdentity | undefined,
  known: { readonly generation: number; readonly durableLsn: number },
): MessageStamp {
  const { key } = ticket;
  if (key === undefined) return identity!.stamp(ticket, known.generation);
  const isRepeated = ticket.sequence > 0;
  ticket.sequence = key.sequence;
  return key.stamp(isRepeated, known);
}
