/**
 * Channels, of which those between two contexts go by a port where an introducer brings them one.
 *
 * Always true:
 * - each begins on the channel that there is everywhere: nothing waits for a port, and nothing needs one
 * - a port is used once the other end was heard on it: one that leads nowhere changes nothing
 * - what an end says is heard in order: it says on the channel that the rest comes by port, and what
 *   comes by port before that waits for it, though not for ever: the channel may have lost that word,
 *   and whoever listens knows by the numbers whether it lost anything else
 */
import type { Channel, Channels, Timers } from '@varve/files';
import type { Port, ToIntroducer } from '@varve/protocol';

/** On the port: I am here. On the channel: what follows comes by port. */
const HERE = 'port';
/** What may come by port before the channel has told all: more than any link has under way. */
const EARLY_MAX = 1_024;
/** … and so long it waits. */
const EARLY_MS = 500;

export class PortedChannels implements Channels {
  readonly #channels: Channels;
  readonly #timers: Timers;
  readonly #links = new Map<string, PortedChannel>();
  #introducer: Port | undefined;

  constructor(channels: Channels, timers: Timers) {
    this.#channels = channels;
    this.#timers = timers;
  }

  /** Whoever brings ports from now on: the page says so, and brings another when one has died. */
  introduce(introducer: Port): void {
    this.#introducer?.close();
    this.#introducer = introducer;
    introducer.addEventListener('message', ({ data }) => {
      const { name, port } = (data ?? {}) as { readonly name?: string; readonly port?: unknown };
      if (!isPort(port)) return;
      const link = this.#links.get(name!);
      if (link === undefined) port.close();
      else link.meet(port);
    });
    introducer.start?.();
    for (const [name, { hasMet }] of this.#links) if (!hasMet) this.#say({ meet: name });
  }

  open(name: string, hear: (message: unknown) => void): Channel {
    return this.#channels.open(name, hear);
  }

  between(name: string, hear: (message: unknown) => void): Channel {
    const closed = (): void => {
      if (this.#links.get(name) !== link) return;
      this.#links.delete(name);
      if (!link.hasMet) this.#say({ leave: name });
    };
    const channel = (heard: (message: unknown) => void): Channel =>
      this.#channels.open(name, heard);
    const link = new PortedChannel(channel, this.#timers, hear, closed);
    this.#links.set(name, link);
    this.#say({ meet: name });
    return link;
  }

  #say(message: ToIntroducer): void {
    this.#introducer?.postMessage(message, []);
  }
}

class PortedChannel implements Channel {
  readonly #channel: Channel;
  readonly #timers: Timers;
  readonly #hear: (message: unknown) => void;
  readonly #closed: () => void;
  #port: Port | undefined;
  /** What we say goes by port. */
  #isSaidThere = false;
  /** What the other end says comes by port: it said so. */
  #isHeardThere = false;
  #early: unknown[] = [];

  constructor(
    open: (hear: (message: unknown) => void) => Channel,
    timers: Timers,
    hear: (message: unknown) => void,
    closed: () => void,
  ) {
    this.#timers = timers;
    this.#hear = hear;
    this.#closed = closed;
    this.#channel = open((message) => {
      if (message === HERE) this.#turnToPort();
      else hear(message);
    });
  }

  get hasMet(): boolean {
    return this.#port !== undefined;
  }

  get isDirect(): boolean {
    return this.#isSaidThere;
  }

  /** The other end is told the same. */
  meet(port: Port): void {
    if (this.#port !== undefined) return port.close();
    this.#port = port;
    port.addEventListener('message', ({ data }) => {
      if (data === HERE) this.#found();
      else if (this.#isHeardThere) this.#hear(data);
      else if (this.#early.length < EARLY_MAX) this.#keep(data);
    });
    port.start?.();
    port.postMessage(HERE, []);
  }

  post(message: unknown, transfer: ArrayBuffer[] = []): void {
    if (this.#isSaidThere) this.#port!.postMessage(message, transfer);
    else this.#channel.post(message);
  }

  close(): void {
    this.#channel.close();
    this.#port?.close();
    this.#closed();
  }

  #found(): void {
    if (this.#isSaidThere) return;
    this.#channel.post(HERE);
    this.#isSaidThere = true;
    this.#leaveChannel();
  }

  #keep(message: unknown): void {
    if (this.#early.push(message) > 1) return;
    this.#timers.after(EARLY_MS, () => this.#turnToPort());
  }

  #turnToPort(): void {
    if (this.#port === undefined || this.#isHeardThere) return;
    this.#isHeardThere = true;
    for (const message of this.#early.splice(0)) this.#hear(message);
    this.#leaveChannel();
  }

  #leaveChannel(): void {
    if (this.#isSaidThere && this.#isHeardThere) this.#channel.close();
  }
}

function isPort(value: unknown): value is Port {
  return typeof (value as Partial<Port> | undefined)?.postMessage === 'function';
}
