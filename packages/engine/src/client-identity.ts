/**
 * Under which name, and with which numbers, this engine's append messages travel to a leader.
 *
 * Always true:
 * - a message has one number, given when it is first sent: the order of numbers is that of sending
 * - `answeredTo` is the highest number up to which no message will be sent again
 */
import type { Host, InboxStamp } from '@varve/files';
import type { MessageStamp } from '@varve/protocol';
import { randomName } from './link.ts';

/** One message's number; 0: it was not sent yet. */
export interface Ticket {
  sequence: number;
}

export class ClientIdentity {
  readonly #client: string;
  readonly #doneBeyond = new Set<number>();
  #answeredTo = 0;
  #last = 0;
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

  /** Under which the message was sent; undefined: it never was. */
  sent({ sequence }: Ticket): InboxStamp | undefined {
    if (sequence === 0) return undefined;
    return { client: this.#client, sequence, sinceGeneration: this.#sinceGeneration! };
  }

  /** It will not be sent again. */
  done({ sequence }: Ticket): void {
    if (sequence <= this.#answeredTo) return;
    this.#doneBeyond.add(sequence);
    while (this.#doneBeyond.delete(this.#answeredTo + 1)) this.#answeredTo++;
  }
}
