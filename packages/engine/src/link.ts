/**
 * One end of a link between a follower and the leader, over a channel of their own.
 *
 * Always true:
 * - what the other end says is heard in order and without a gap, or the link ends: a channel may have
 *   lost something while a context was frozen, and nothing could tell what
 * - an end that has nothing to say says so, every `BEAT_MS`
 * - once it has ended, nothing is sent or heard any more
 */
import type { Channel, Channels, Timers } from '@varve/files';
import { validateLinkMessage } from '@varve/protocol';

export const BEAT_MS = 500;

/** @param why `gap`: something was lost; `bad`: something came that is no message */
type Ended = (why: 'gap' | 'bad') => void;

export class Link<Said extends { readonly kind: string }> {
  /** Beats that passed since the other end was heard; what it says sets it to 0. */
  silentBeats = 0;
  readonly #channel: Channel;
  readonly #timers: Timers;
  readonly #hear: (body: unknown) => void;
  readonly #ended: Ended;
  #sent = 0;
  #heard = 0;
  #saidSinceBeat = false;
  #isOpen = true;
  #cancelBeat: () => void;

  constructor(
    { channels, timers }: { readonly channels: Channels; readonly timers: Timers },
    name: string,
    hear: (body: unknown) => void,
    ended: Ended,
  ) {
    this.#timers = timers;
    this.#hear = hear;
    this.#ended = ended;
    const receive = (message: unknown): void => this.#receive(message);
    this.#channel = channels.between?.(name, receive) ?? channels.open(name, receive);
    this.#cancelBeat = timers.after(BEAT_MS, () => this.#beat());
  }

  /** So many messages of the other end were heard. */
  get heard(): number {
    return this.#heard;
  }

  get isDirect(): boolean {
    return this.#channel.isDirect === true;
  }

  /** Returns the message's number. @param given what nobody here uses any more */
  send(body: Said, given?: ArrayBuffer[]): number {
    if (!this.#isOpen) return this.#sent;
    this.#saidSinceBeat = true;
    this.#channel.post({ n: this.#sent, body }, given);
    return this.#sent++;
  }

  close(): void {
    this.#isOpen = false;
    this.#cancelBeat();
    this.#channel.close();
  }

  #receive(message: unknown): void {
    if (!this.#isOpen) return;
    const validated = validateLinkMessage(message);
    if ('wrong' in validated) {
      this.#ended('bad');
      return;
    }
    const { n, body } = validated.value;
    if (n !== this.#heard) {
      this.#ended('gap');
      return;
    }
    this.#heard++;
    this.silentBeats = 0;
    this.#hear(body);
  }

  #beat(): void {
    if (!this.#saidSinceBeat) this.#channel.post({ n: this.#sent++, body: { kind: 'beat' } });
    this.#saidSinceBeat = false;
    this.silentBeats++;
    this.#cancelBeat = this.#timers.after(BEAT_MS, () => this.#beat());
  }
}

/** Names of links and members, and of clients: 16 hex digits. */
export function randomName(random: { fill(bytes: Uint8Array): void }): string {
  const bytes = new Uint8Array(8);
  random.fill(bytes);
  // Never all zero: that would name nobody.
  bytes[0]! |= 1;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
