/** A tab that speaks the link to a leader by hand, so that it can also speak it wrongly. */
import type { Host } from '@varve/files';

type Said = { readonly kind: string } & Readonly<Record<string, unknown>>;

export class RawGuest {
  readonly received: Said[] = [];
  readonly #post: (message: unknown) => void;
  #n = 0;

  private constructor(post: (message: unknown) => void) {
    this.#post = post;
  }

  /** Resolves when the leader has said something. */
  static async join(
    { channels }: Host,
    store: string,
    join: Readonly<Record<string, unknown>> = { serves: 'volume' },
  ): Promise<RawGuest> {
    const self = { version: 1, member: 'ababababababab01' };
    const link = 'cdcdcdcdcdcdcd01';
    const leader = await new Promise<string>((resolve) => {
      const assembly = channels!.open(`tabs:${store}`, (message) => {
        const { kind, member } = message as Said;
        if (kind === 'lead') resolve(member as string);
      });
      assembly.post({ kind: 'seek', ...self });
    });
    const channel = channels!.open(`tabs:${store}:${link}`, (message) =>
      guest.received.push((message as { readonly body: Said }).body),
    );
    const guest: RawGuest = new RawGuest((message) => channel.post(message));
    const assembly = channels!.open(`tabs:${store}`, () => undefined);
    assembly.post({ kind: 'join', ...self, leader, link, given: {}, ...join });
    await guest.hears((said) => said.kind !== 'status');
    return guest;
  }

  say(body: unknown): void {
    this.#post({ n: this.#n++, body });
  }

  call(id: number, method: string, ...args: unknown[]): void {
    this.say({ kind: 'call', id, request: { method, args } });
  }

  /** The first that fits, now or later. */
  async hears(fits: (said: Said) => boolean): Promise<Said> {
    for (;;) {
      const found = this.received.find(fits);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
