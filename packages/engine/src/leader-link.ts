/**
 * A follower's way to whoever leads: sought on the store's channel, kept by a link, made anew when it
 * falls silent.
 *
 * Always true:
 * - there is one link at most; another leader, a gap or silence ends it, and the next is sought
 * - nothing is sent before the leader has taken us
 */
import type { FolderlessHost } from '@varve/files';
import { TABS_VERSION, VarveError, fromWire, validateToFollower } from '@varve/protocol';
import type { GivenRequest, LeadMessage, ServedKind, ToFollower } from '@varve/protocol';
import { type Assembly, linkChannel } from './assembly.ts';
import { BEAT_MS, Link, randomName } from './link.ts';

/** A leader that is silent for so many beats of ours may be deposed. */
const SILENT_BEATS_MAX = 10;
/** … and for so many is looked after: it might be frozen. */
const QUIET_BEATS_MAX = 1;
/** … and a link that is silent for so many is made anew, */
const LINK_BEATS_MAX = 4;
/** or, where something would be lost with it, for so many: who stands still for a while goes on. */
const OWED_BEATS_MAX = 20;
/** No welcome within so many beats: once more. */
const WELCOME_BEATS = 2;
/** So long a leader that parts may take to give the store back. */
const PARTING_MS = 250;

export interface LeaderLinkContext {
  readonly host: FolderlessHost & { readonly channels: NonNullable<FolderlessHost['channels']> };
  readonly name: string;
  /** What of its request the application asked for. */
  readonly given: GivenRequest | object;
  readonly serves: ServedKind;
  readonly assembly: Pick<Assembly, 'seek' | 'join' | 'askToStepDown'>;
  /** There is a link: a leader has taken us. */
  readonly onLinked: () => void;
  /** The leader will not have us, whatever we do. */
  readonly onRefused: (error: unknown) => void;
  /** The leader gives the store back, or says nothing, and no other is there yet. */
  readonly onQuiet: () => void;
  /** The leader was not heard for long: somebody should see whether it can be deposed. */
  readonly onSilent: () => void;
}

/** What goes on at this end. */
export interface LinkUser {
  /** Something may be asked: it is, in order. */
  sendOn(): void;
  /** @param heard so many of our messages the leader has heard, if it said so as it left */
  unlinked?(heard?: number): void;
  heard(message: ToFollower): void;
  ticked(nowMs: number): void;
  /**
   * Nothing more is asked: what is the leader still to tell? Undefined: nothing.
   * @param reason why we go; absent: another leads by now
   */
  settle?(reason?: unknown): Promise<void> | undefined;
  /** There is what only this link can answer. */
  isOwed?(): boolean;
}

export class LeaderLink<Said extends { readonly kind: string }> {
  /** When a leader, or one that is about to lead, was last heard; monotonic, ms. */
  heardMs: number;
  /** Of the link that stands, or stood last. */
  number = 0;
  readonly #context: LeaderLinkContext;
  readonly #user: LinkUser;
  #leader: LeadMessage | undefined;
  #link: Link<Said> | undefined;
  #isWelcome = false;
  /** The leader takes nothing more, and answers what it has. */
  #isParting = false;
  #beatsToWelcome = 0;
  #silentBeats = 0;
  #tickedMs: number;
  #cancelTick: () => void;
  #isStopped = false;

  constructor(context: LeaderLinkContext, user: LinkUser) {
    this.#context = context;
    this.#user = user;
    this.heardMs = this.#tickedMs = context.host.clock.nowMs();
    this.#cancelTick = context.host.timers.after(BEAT_MS, () => this.#tick());
    context.assembly.seek();
  }

  /** A leader has taken us, and we have not noticed that it went. */
  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** … and takes what we ask. */
  get isOpen(): boolean {
    return this.#isWelcome && !this.#isParting;
  }

  /** What goes over the link goes by a port. */
  get isDirect(): boolean {
    return this.#link?.isDirect === true;
  }

  /** The generation of the leader that is linked to. */
  get epoch(): number {
    return this.#leader!.epoch;
  }

  /** Somebody says that it leads. */
  meet(leader: LeadMessage): void {
    const known = this.#leader;
    if (known !== undefined && leader.epoch < known.epoch) return;
    if (known?.member === leader.member && known.epoch === leader.epoch && this.#link) return;
    this.#leader = leader;
    const settling = this.#link && this.#user.settle?.();
    if (settling === undefined) this.#turnTo(leader);
    else void settling.then(() => this.#leader === leader && this.#turnTo(leader));
  }

  #turnTo(leader: LeadMessage): void {
    if (this.#isStopped) return;
    this.#unlink();
    if (leader.version === TABS_VERSION) this.#join(leader);
    else if (leader.version < TABS_VERSION) this.#context.assembly.askToStepDown(leader.member);
    else this.#refused(unsupported(leader.version));
  }

  /** Somebody has the lock, and is opening the store. */
  wait(): void {
    this.heardMs = this.#context.host.clock.nowMs();
    this.#silentBeats = 0;
  }

  /** Nothing more is asked on the link that stands. */
  cease(): void {
    this.#isParting = true;
  }

  /** Returns the message's number on the link. The leader has taken us. */
  send(body: Said): number {
    return this.#link!.send(body);
  }

  /** @param farewell said to a leader that has taken us */
  stop(farewell: Said): void {
    this.#isStopped = true;
    this.#cancelTick();
    if (this.#isWelcome) this.#link?.send(farewell);
    this.#unlink();
  }

  #join(leader: LeadMessage): void {
    const { host, name, assembly, given, serves } = this.#context;
    const linkName = randomName(host.random);
    this.number++;
    this.#beatsToWelcome = WELCOME_BEATS;
    const link: Link<Said> = new Link(
      host,
      linkChannel(name, linkName),
      (body) => this.#hear(link, body),
      () => this.#lose(link),
    );
    this.#link = link;
    assembly.join(leader.member, linkName, given, serves);
  }

  #unlink(heard?: number): void {
    const wasLinked = this.#link !== undefined;
    this.#link?.close();
    this.#link = undefined;
    this.#isWelcome = false;
    this.#isParting = false;
    if (wasLinked) this.#user.unlinked?.(heard);
  }

  #lose(link: Link<Said>, heard?: number): void {
    if (this.#link !== link) return;
    this.#unlink(heard);
    this.#leader = undefined;
    if (!this.#isStopped) this.#context.assembly.seek();
  }

  #hear(link: Link<Said>, body: unknown): void {
    if (this.#link !== link) return;
    const validated = validateToFollower(body);
    if ('wrong' in validated) {
      this.#lose(link);
      return;
    }
    this.wait();
    const message = validated.value;
    switch (message.kind) {
      case 'beat':
        return;
      case 'parting':
        this.#isParting = true;
        return this.#parted(link);
      case 'bye':
        this.#lose(link, message.heard);
        return message.leadsNoMore === true ? this.#parted(undefined) : undefined;
      case 'welcome':
        this.#isWelcome = true;
        this.#context.onLinked();
        return this.#user.sendOn();
      case 'unwelcome':
        return this.#refused(fromWire(message.error));
      case 'refused':
        return message.dropped ? this.#lose(link) : undefined;
      default:
        return this.#user.heard(message);
    }
  }

  /** A page that goes into the back/forward cache may be frozen in the middle of it. */
  #parted(link: Link<Said> | undefined): void {
    const { host, onQuiet } = this.#context;
    host.timers.after(PARTING_MS, () => {
      if (!this.#isStopped && this.#link === link) onQuiet();
    });
  }

  #refused(error: unknown): void {
    this.#unlink();
    this.#context.onRefused(error);
  }

  /** A leader that may be there says nothing to us, or there is none: what now? */
  #tick(): void {
    const { host, assembly, onQuiet, onSilent } = this.#context;
    this.#cancelTick = host.timers.after(BEAT_MS, () => this.#tick());
    const nowMs = host.clock.nowMs();
    // This very context stood still: others may have spoken meanwhile.
    if (nowMs - this.#tickedMs > 4 * BEAT_MS) this.#silentBeats = 0;
    this.#tickedMs = nowMs;
    this.#silentBeats++;
    if (!this.#isWelcome) {
      this.#beatsToWelcome--;
      if (this.#link !== undefined && this.#beatsToWelcome <= 0) this.#lose(this.#link);
      else if (this.#link === undefined) assembly.seek();
    } else if (this.#silentBeats > LINK_BEATS_MAX) {
      // The other end may be gone, and its farewell lost: whoever leads says so when it is asked.
      if (this.#silentBeats > OWED_BEATS_MAX || this.#user.isOwed?.() !== true)
        this.#lose(this.#link!);
      else assembly.seek();
    }
    // One or the other: both ask for the same guard.
    if (this.#silentBeats > SILENT_BEATS_MAX) onSilent();
    else if (this.#silentBeats > QUIET_BEATS_MAX) onQuiet();
    this.#user.ticked(nowMs);
  }
}

function unsupported(version: number): VarveError {
  return new VarveError('UNSUPPORTED_VERSION', 'the leading tab is newer', {
    facts: { version, own: TABS_VERSION },
    outcome: 'not-written',
  });
}
