/**
 * The channel of one store, where the engines of all tabs that have it open find their leader.
 *
 * Always true: nothing heard here is believed further than that somebody of the origin said it. Who
 * leads is decided by the lock and the handle; this only says whom to ask.
 */
import type { Channel, Host } from '@varve/files';
import { TABS_VERSION, validateAssembly } from '@varve/protocol';
import type { AssemblyMessage, ServedKind } from '@varve/protocol';

export class Assembly {
  readonly member: string;
  readonly #channel: Channel;

  constructor(
    channels: NonNullable<Host['channels']>,
    store: string,
    member: string,
    hear: (message: AssemblyMessage) => void,
  ) {
    this.member = member;
    this.#channel = channels.open(`tabs:${store}`, (message) => {
      const validated = validateAssembly(message);
      if ('value' in validated && validated.value.member !== member) hear(validated.value);
    });
  }

  seek(): void {
    this.#say({ kind: 'seek', ...this.#self });
  }

  lead(epoch: number): void {
    this.#say({ kind: 'lead', ...this.#self, epoch });
  }

  opening(): void {
    this.#say({ kind: 'opening', ...this.#self });
  }

  join(leader: string, link: string, given: object, serves: ServedKind): void {
    const what = serves === 'log' ? {} : { serves };
    this.#say({ kind: 'join', ...this.#self, leader, link, given, ...what });
  }

  askToStepDown(leader: string): void {
    this.#say({ kind: 'stepDown', ...this.#self, leader });
  }

  tellOfInbox(): void {
    this.#say({ kind: 'inbox', ...this.#self });
  }

  close(): void {
    this.#channel.close();
  }

  get #self(): { readonly version: number; readonly member: string } {
    return { version: TABS_VERSION, member: this.member };
  }

  #say(message: AssemblyMessage): void {
    this.#channel.post(message);
  }
}

/** Where a follower and the leader talk. */
export const linkChannel = (store: string, link: string): string => `tabs:${store}:${link}`;
