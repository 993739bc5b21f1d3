/** A tab that says that it leads, and answers as a test wants it to. */
import type { Host } from '@varve/files';

export interface Asked {
  readonly id: number;
  readonly request: { readonly method: string };
}

export interface RawLeader {
  say(body: object): void;
  /** Gives the lock back: whoever follows leads. */
  leave(): void;
}

/** @param answer every call of the one follower that there may be */
export async function rawLeader(
  { channels, locks }: Host,
  store: string,
  answer: (call: Asked, leader: RawLeader) => void,
): Promise<void> {
  const self = { version: 1, member: 'ababababababab01' };
  const lock = await locks.acquire(`varve:${store}`);
  let n = 0;
  let say = (_: object): void => undefined;
  const assembly = channels!.open(`tabs:${store}`, (message) => {
    const { kind, link } = message as { readonly kind: string; readonly link: string };
    if (kind === 'seek') assembly.post({ kind: 'lead', ...self, epoch: 1 });
    if (kind !== 'join') return;
    const channel = channels!.open(`tabs:${store}:${link}`, (said) => {
      const { body } = said as { readonly body: Asked };
      if (body.request !== undefined) answer(body, leader);
    });
    say = (body) => channel.post({ n: n++, body });
    say({ kind: 'welcome', epoch: 1 });
  });
  const leader: RawLeader = {
    say: (body) => say(body),
    leave() {
      assembly.close();
      lock!.release();
    },
  };
}
