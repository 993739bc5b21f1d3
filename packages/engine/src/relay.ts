/**
 * A follower's end: what its page asks goes to the leader, whoever that is by then.
 *
 * Always true:
 * - what was asked stays here until it is answered; a new leader is asked again, in the same order
 * - an append bears the same stamp each time it is sent, so it happens once; what cannot be asked
 *   twice (a source or sink that was open on a link) ends with that link
 * - nothing waits for ever: when the leader was not heard for `leaderTimeoutMs`, who has waited for as
 *   long is told LEADER_UNRESPONSIVE. Only a reader that waits for what is yet to come goes on waiting
 */
import type { FolderlessHost } from '@varve/files';
import {
  TABS_VERSION,
  VarveError,
  fromWire,
  isVarveError,
  validateToFollower,
  withOutcome,
} from '@varve/protocol';
import type {
  AppendedMessage,
  AppendMessage,
  ChunkMessage,
  ControlRequest,
  GivenRequest,
  LeadMessage,
  OpenRequest,
  Outcome,
  ReadMessage,
  StatusMessage,
  StoreStatus,
  ToFollower,
  ToLeader,
  UnitBytesMessage,
  UnitMessage,
} from '@varve/protocol';
import { type Assembly, linkChannel } from './assembly.ts';
import type { ClientIdentity, Ticket } from './client-identity.ts';
import { BEAT_MS, Link, randomName } from './link.ts';

/** A leader that is silent for so many beats of ours may be deposed. */
const SILENT_BEATS_MAX = 10;
/** … and for so many is looked after: it might be frozen. */
const QUIET_BEATS_MAX = 1;
/** … and a link that is silent for so many is made anew. */
const LINK_BEATS_MAX = 4;
/** No welcome within so many beats: once more. */
const WELCOME_BEATS = 2;
/** So long a leader that parts may take to give the store back. */
const PARTING_MS = 250;
/** So long a leader that failed to read or write may take to end. */
const DYING_MS = 1000;
/** Numbers of streams that are open at the leader; below are those of this engine. */
const FIRST_STREAM = 2 ** 32;

/** A source or sink that was opened at a leader, be it gone by now. */
export const isLeadersStream = (stream: number): boolean => stream > FIRST_STREAM;

/** The relay ended because this engine leads now, or left: ask again whatever comes next. */
export class Moved extends Error {}

interface Waiting {
  /** As it goes over a link that is numbered so; undefined: it cannot be asked there. */
  bodyFor(link: number): ToLeader | undefined;
  readonly resolve: (answer: ToFollower) => void;
  readonly reject: (error: unknown) => void;
  readonly bornMs: number;
  /** Waits for what is yet to come. */
  readonly isPatient: boolean;
  /** Of a read. */
  readonly reader?: number;
  /** What became of it, should it fail after it was sent. */
  readonly outcome: Outcome | undefined;
  /** Of an append. */
  readonly ticket?: Ticket;
  /** The link that it was last sent on; 0: none. */
  sentOn: number;
  /** What the leader answered, should it turn out to live. */
  failure?: unknown;
}

export interface RelayContext {
  readonly host: FolderlessHost & { readonly channels: NonNullable<FolderlessHost['channels']> };
  readonly name: string;
  readonly request: Pick<OpenRequest, 'durability' | 'leaderTimeoutMs'>;
  /** What of it the application asked for. */
  readonly given: GivenRequest;
  readonly assembly: Pick<Assembly, 'seek' | 'join' | 'askToStepDown'>;
  readonly identity: ClientIdentity;
  /** The leader tells how the store stands, and what happened. */
  readonly onStatus: (message: StatusMessage) => void;
  /** There is a link: a leader has taken us. */
  readonly onLinked: () => void;
  /** The leader will not have us, whatever we do. */
  readonly onRefused: (error: unknown) => void;
  /** The leader gives the store back, or says nothing, and no other is there yet. */
  readonly onQuiet: () => void;
  /** The leader was not heard for long: somebody should see whether it can be deposed. */
  readonly onSilent: () => void;
}

export class Relay {
  /** When a leader, or one that is about to lead, was last heard; monotonic, ms. */
  heardMs: number;
  status: StoreStatus | undefined;
  readonly #context: RelayContext;
  readonly #waiting = new Map<number, Waiting>();
  /** Stream number that the page knows → the link that it is open on, and its number there. */
  readonly #streams = new Map<number, { readonly link: number; readonly id: number }>();
  #leader: LeadMessage | undefined;
  #link: Link<ToLeader> | undefined;
  #linkNumber = 0;
  #isWelcome = false;
  #beatsToWelcome = 0;
  #lastId = 0;
  #lastStream = FIRST_STREAM;
  #silentBeats = 0;
  #tickedMs: number;
  #cancelTick: () => void;
  #stopped: unknown;

  constructor(context: RelayContext) {
    this.#context = context;
    this.heardMs = this.#tickedMs = context.host.clock.nowMs();
    this.#cancelTick = context.host.timers.after(BEAT_MS, () => this.#tick());
    context.assembly.seek();
  }

  /** A leader has taken us, and we have not noticed that it went. */
  get isLinked(): boolean {
    return this.#isWelcome;
  }

  /** Somebody says that it leads. */
  meet(leader: LeadMessage): void {
    const known = this.#leader;
    if (known !== undefined && leader.epoch < known.epoch) return;
    if (known?.member === leader.member && known.epoch === leader.epoch && this.#link) return;
    this.#leader = leader;
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

  /** @param ticket kept by who asks: should it be asked elsewhere, that is the same message */
  async append(message: AppendMessage, ticket: Ticket): Promise<AppendedMessage> {
    const { identity, request } = this.#context;
    const { stream, durability = request.durability, buffer, length } = message;
    const answer = await this.#ask({
      bodyFor: (link) => {
        const open = stream === undefined ? undefined : this.#streamOn(stream, link);
        if (stream !== undefined && open === undefined) return undefined;
        const stamp = identity.stamp(ticket, this.#leader!.epoch);
        const body = { ...message, durability, stream: open, stamp };
        // A clone takes the whole buffer along.
        return 2 * length < buffer.byteLength ? { ...body, buffer: buffer.slice(0, length) } : body;
      },
      ticket,
      outcome: 'unknown',
      isPatient: false,
    });
    return expected(answer, 'appended');
  }

  async read(message: ReadMessage): Promise<ChunkMessage> {
    const { visibility = this.#visibility } = message;
    const answer = await this.#ask({
      bodyFor: () => ({ ...message, visibility }),
      outcome: undefined,
      isPatient: message.wait === true,
      reader: message.reader,
    });
    return expected(answer, 'chunk');
  }

  async unit(message: UnitMessage): Promise<UnitBytesMessage> {
    const bodyFor = (): ToLeader => message;
    return expected(await this.#ask({ bodyFor, outcome: undefined, isPatient: false }), 'bytes');
  }

  /** Whoever leads, and whether or not it answers: who waits there is told so here. */
  release(reader: number): void {
    for (const [id, waiting] of [...this.#waiting]) {
      if (waiting.reader !== reader) continue;
      this.#end(id, waiting, new VarveError('ABORTED', 'the reader was released'));
    }
    if (this.#isWelcome) this.#link!.send({ kind: 'release', reader });
  }

  async call(request: ControlRequest): Promise<unknown> {
    const { method, args } = request;
    const ofStream = method === 'pull' || method === 'write' || method === 'dropStream';
    const answer = await this.#ask({
      bodyFor: (link) => {
        if (!ofStream) return { kind: 'call', id: 0, request };
        const open = this.#streamOn(args[0] as number, link);
        if (open === undefined) return undefined;
        const [, ...rest] = args;
        return { kind: 'call', id: 0, request: { method, args: [open, ...rest] as never } };
      },
      outcome: ofStream ? 'not-written' : undefined,
      isPatient: false,
    });
    const { answer: result } = expected(answer, 'answered');
    if (!result.ok) throw fromWire(result.error);
    if (method === 'openSource' || method === 'openUnit') return this.#opened(result.value);
    if (method === 'status') return { ...(result.value as StoreStatus), role: 'follower' };
    return result.value;
  }

  /** Ends it: everybody who waits is told `reason`. */
  stop(reason: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#cancelTick();
    if (this.#isWelcome) this.#link?.send({ kind: 'bye' });
    this.#unlink();
    this.#failAll(reason);
  }

  get #visibility(): 'durable' | 'written' {
    return this.#context.request.durability === 'relaxed' ? 'written' : 'durable';
  }

  #ask(
    asked: Pick<Waiting, 'bodyFor' | 'outcome' | 'isPatient' | 'ticket' | 'reader'>,
  ): Promise<ToFollower> {
    return new Promise((resolve, reject) => {
      if (this.#stopped !== undefined) {
        reject(this.#stopped);
        return;
      }
      const id = ++this.#lastId;
      const bornMs = this.#context.host.clock.nowMs();
      const waiting: Waiting = { ...asked, resolve, reject, bornMs, sentOn: 0 };
      this.#waiting.set(id, waiting);
      if (this.#isWelcome) this.#send(id, waiting);
    });
  }

  #send(id: number, waiting: Waiting): void {
    const body = waiting.bodyFor(this.#linkNumber);
    if (body === undefined) {
      const outcome = outcomeOf(waiting);
      this.#end(id, waiting, streamLost(outcome));
      return;
    }
    waiting.sentOn = this.#linkNumber;
    waiting.failure = undefined;
    this.#link!.send({ ...body, id } as ToLeader);
  }

  #end(id: number, waiting: Waiting, error: unknown): void {
    this.#settled(id, waiting);
    waiting.reject(error);
  }

  /** It will not be asked again. */
  #settled(id: number, { ticket }: Waiting): void {
    this.#waiting.delete(id);
    if (ticket !== undefined) this.#context.identity.done(ticket);
  }

  #streamOn(stream: number, link: number): number | undefined {
    const open = this.#streams.get(stream);
    return open?.link === link ? open.id : undefined;
  }

  #opened(id: unknown): number {
    this.#lastStream++;
    this.#streams.set(this.#lastStream, { link: this.#linkNumber, id: id as number });
    return this.#lastStream;
  }

  #join(leader: LeadMessage): void {
    const { host, name, assembly, given } = this.#context;
    const linkName = randomName(host.random);
    this.#linkNumber++;
    this.#beatsToWelcome = WELCOME_BEATS;
    const link: Link<ToLeader> = new Link(
      host,
      linkChannel(name, linkName),
      (body) => this.#hear(link, body),
      () => this.#lose(link),
    );
    this.#link = link;
    assembly.join(leader.member, linkName, given);
  }

  #unlink(): void {
    this.#link?.close();
    this.#link = undefined;
    this.#isWelcome = false;
    for (const [stream, { link }] of this.#streams)
      if (link === this.#linkNumber) this.#streams.delete(stream);
  }

  #lose(link: Link<ToLeader>): void {
    if (this.#link !== link) return;
    this.#unlink();
    this.#leader = undefined;
    if (this.#stopped === undefined) this.#context.assembly.seek();
  }

  #hear(link: Link<ToLeader>, body: unknown): void {
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
      case 'bye':
        this.#lose(link);
        return message.leadsNoMore === true ? this.#parted() : undefined;
      case 'welcome':
        return this.#welcomed();
      case 'unwelcome':
        return this.#refused(fromWire(message.error));
      case 'status':
        this.status = { ...message.status, role: 'follower' };
        return this.#context.onStatus({ ...message, status: this.status });
      case 'refused':
        return message.dropped ? this.#lose(link) : undefined;
    }
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    if (message.kind === 'failed') {
      const error = fromWire(message.error);
      if (isVarveError(error, 'IO_ERROR')) this.#doubt(message.id, waiting, error);
      else this.#end(message.id, waiting, error);
      return;
    }
    if (message.kind === 'appended') this.#tellFailures();
    this.#settled(message.id, waiting);
    waiting.resolve(message);
  }

  /**
   * A context that is being torn down may fail to write before it ends: should it end now, the next
   * leader is asked instead.
   */
  #doubt(id: number, waiting: Waiting, failure: unknown): void {
    waiting.failure = failure;
    this.#context.host.timers.after(DYING_MS, () => {
      if (this.#waiting.get(id) === waiting && waiting.failure === failure)
        this.#end(id, waiting, failure);
    });
  }

  /** The leader lives. What it failed may not be asked again behind what it has appended since. */
  #tellFailures(): void {
    for (const [id, waiting] of [...this.#waiting])
      if (waiting.failure !== undefined) this.#end(id, waiting, waiting.failure);
  }

  #welcomed(): void {
    this.#isWelcome = true;
    this.#context.onLinked();
    for (const [id, waiting] of [...this.#waiting]) this.#send(id, waiting);
  }

  /** A page that goes into the back/forward cache may be frozen in the middle of it. */
  #parted(): void {
    const { host, onQuiet } = this.#context;
    host.timers.after(PARTING_MS, () => {
      if (this.#stopped === undefined && this.#link === undefined) onQuiet();
    });
  }

  #refused(error: unknown): void {
    this.#unlink();
    this.#context.onRefused(error);
  }

  /** A leader that may be there says nothing to us, or there is none: what now? */
  #tick(): void {
    const { host, assembly, onQuiet, onSilent, request } = this.#context;
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
      this.#lose(this.#link!);
    }
    // One or the other: both ask for the same guard.
    if (this.#silentBeats > SILENT_BEATS_MAX) onSilent();
    else if (this.#silentBeats > QUIET_BEATS_MAX) onQuiet();
    const { leaderTimeoutMs } = request;
    if (nowMs - this.heardMs <= leaderTimeoutMs) return;
    for (const [id, waiting] of [...this.#waiting]) {
      if (waiting.isPatient || nowMs - waiting.bornMs <= leaderTimeoutMs) continue;
      this.#expire(id, waiting);
    }
  }

  #expire(id: number, waiting: Waiting): void {
    const { name, request } = this.#context;
    this.#end(id, waiting, unresponsive(name, request.leaderTimeoutMs, outcomeOf(waiting)));
  }

  #failAll(reason: unknown): void {
    for (const [id, waiting] of [...this.#waiting]) {
      if (reason instanceof Moved) {
        this.#waiting.delete(id);
        waiting.reject(reason);
        continue;
      }
      const known = isVarveError(reason) && waiting.outcome !== undefined;
      this.#end(id, waiting, known ? withOutcome(reason, outcomeOf(waiting)!) : reason);
    }
  }
}

/** What may have become of what gets no answer; also one of another leader counts. */
function outcomeOf({ outcome, sentOn, ticket }: Waiting): Outcome | undefined {
  const wasSent = sentOn > 0 || (ticket !== undefined && ticket.sequence > 0);
  return wasSent ? outcome : outcome && 'not-written';
}

function expected<K extends ToFollower['kind']>(
  message: ToFollower,
  kind: K,
): Extract<ToFollower, { kind: K }> {
  if (message.kind === kind) return message as Extract<ToFollower, { kind: K }>;
  throw new VarveError('BAD_MESSAGE', `the leader answered ${message.kind} instead of ${kind}`, {
    outcome: 'unknown',
  });
}

export function unresponsive(
  store: string,
  waitedMs: number,
  outcome: Outcome | undefined,
): VarveError {
  return new VarveError('LEADER_UNRESPONSIVE', undefined, {
    facts: { store, waitedMs },
    outcome,
  });
}

/** What was open in another tab ended with that tab. */
export function streamLost(outcome: Outcome | undefined): VarveError {
  return new VarveError('LEADER_LOST', 'the stream was open in the tab that owned the store', {
    outcome,
  });
}

function unsupported(version: number): VarveError {
  return new VarveError(
    'UNSUPPORTED_VERSION',
    'the tab that owns the store runs a newer version of Varve',
    { facts: { version, own: TABS_VERSION }, outcome: 'not-written' },
  );
}
