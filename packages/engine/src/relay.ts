/**
 * A follower's end: what its page asks goes to the leader, whoever that is by then.
 *
 * Always true:
 * - what was asked stays here until it is answered; a new leader is asked again, in the same order
 * - nothing waits for ever: when the leader was not heard for `leaderTimeoutMs`, who has waited for as
 *   long is told LEADER_UNRESPONSIVE. Only a reader that waits for what is yet to come goes on waiting
 */
import { VarveError, fromWire, isVarveError, withOutcome } from '@varve/protocol';
import type { Outcome, StatusMessage, StoreStatus, ToFollower } from '@varve/protocol';
import { LeaderLink, type LeaderLinkContext, type LinkUser } from './leader-link.ts';

/** So long a leader that failed to read or write may take to end. */
const DYING_MS = 1000;

/** The relay ended because this engine leads now, or left: ask again whatever comes next. */
export class Moved extends Error {}

export interface RelayContext extends Omit<LeaderLinkContext, 'serves'> {
  readonly request: { readonly leaderTimeoutMs: number };
  /** The leader tells how the store stands, and what happened. */
  readonly onStatus: (message: StatusMessage) => void;
}

export interface Question<Said> {
  /** As it goes over a link that is numbered so; undefined: it cannot be asked there. */
  bodyFor(link: number): Said | undefined;
  /** What became of it, should it fail after it was sent; undefined: it changes nothing. */
  readonly outcome?: Outcome | undefined;
  /** It may have been sent to an earlier leader. */
  readonly wasSent?: boolean;
  /** Waits for what is yet to come. */
  readonly isPatient?: boolean;
  /** Of a read. */
  readonly reader?: number;
  /** What is held for it at both ends. */
  readonly bytes?: number;
  /** It will not be asked again. */
  readonly onSettled?: () => void;
}

export interface Waiting<Said> extends Question<Said> {
  readonly resolve: (answer: ToFollower) => void;
  readonly reject: (error: unknown) => void;
  readonly bornMs: number;
  /** The link that it was last sent on; 0: none. */
  sentOn: number;
  /** … and its number there. */
  sentAs?: number;
  /** What the leader answered, should it turn out to live. */
  failure?: unknown;
}

/** What may be under way at once; the rest waits here, unsent. */
export interface Window {
  readonly questions: number;
  readonly bytes: number;
}

export abstract class Relay<
  Said extends { readonly kind: string } = { readonly kind: string },
> implements LinkUser {
  status: StoreStatus | undefined;
  readonly link: LeaderLink<Said>;
  readonly #context: RelayContext;
  readonly #farewell: Said;
  readonly #window: Window | undefined;
  /** In the order in which it was asked. */
  protected readonly waiting = new Map<number, Waiting<Said>>();
  #lastId = 0;
  #stopped: unknown;

  constructor(
    context: RelayContext,
    serves: LeaderLinkContext['serves'],
    farewell: Said,
    window?: Window,
  ) {
    this.#context = context;
    this.#farewell = farewell;
    this.#window = window;
    this.link = new LeaderLink<Said>({ ...context, serves }, this);
  }

  /** Resolves when the leader has no more to tell. Undefined: it has nothing. */
  settle?(reason?: unknown): Promise<void> | undefined;

  /** The link is over, with everything that was open on it. What was asked is asked again. */
  unlinked?(heard?: number): void;

  /** Ends it: everybody who waits is told `reason`. */
  stop(reason: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.link.cease();
    // Else the end of the link is the reason of those that it takes along.
    if (!(reason instanceof Moved)) this.#failAll(reason);
    this.link.stop(this.#farewell);
    this.#failAll(reason);
  }

  protected ask(question: Question<Said>): Promise<ToFollower> {
    return new Promise((resolve, reject) => {
      if (this.#stopped !== undefined) {
        reject(this.#stopped);
        return;
      }
      const id = ++this.#lastId;
      const bornMs = this.#context.host.clock.nowMs();
      this.waiting.set(id, { ...question, resolve, reject, bornMs, sentOn: 0 });
      this.sendOn();
    });
  }

  /** Whoever waits for this reader is told so, whether or not the leader answers. */
  protected drop(reader: number, why: VarveError): void {
    for (const [id, waiting] of [...this.waiting])
      if (waiting.reader === reader) this.end(id, waiting, why);
  }

  /** In order, as far as the window allows. */
  sendOn(): void {
    if (!this.link.isOpen) return;
    const { questions = Infinity, bytes = Infinity } = this.#window ?? {};
    let asked = 0;
    let underWay = 0;
    for (const [id, waiting] of this.waiting) {
      underWay += waiting.bytes ?? 0;
      asked++;
      if (waiting.sentOn === this.link.number) continue;
      // One alone may be of any size.
      if (asked > 1 && (asked > questions || underWay > bytes)) return;
      this.#send(id, waiting);
    }
  }

  #send(id: number, waiting: Waiting<Said>): void {
    const body = waiting.bodyFor(this.link.number);
    if (body === undefined) {
      const outcome = outcomeOf(waiting);
      this.end(id, waiting, streamLost(outcome));
      return;
    }
    waiting.sentOn = this.link.number;
    waiting.failure = undefined;
    waiting.sentAs = this.link.send({ ...body, id });
  }

  /** What the leader says of its store, as it is here. */
  protected asFollower<S extends StoreStatus>(status: S): S {
    return { ...status, role: 'follower', link: this.link.isDirect ? 'port' : 'channel' };
  }

  protected end(id: number, waiting: Waiting<Said>, error: unknown): void {
    this.#settled(id, waiting);
    waiting.reject(error);
  }

  /** It will not be asked again. */
  #settled(id: number, waiting: Waiting<Said>): void {
    this.waiting.delete(id);
    waiting.onSettled?.();
    this.sendOn();
  }

  heard(message: ToFollower): void {
    if (message.kind === 'status') {
      this.status = this.asFollower(message.status);
      this.#context.onStatus({ ...message, status: this.status });
      return;
    }
    const { id } = message as { readonly id: number };
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    if (message.kind === 'failed') {
      const error = fromWire(message.error);
      if (isVarveError(error, 'IO_ERROR')) this.#doubt(id, waiting, error);
      else this.end(id, waiting, error);
      return;
    }
    if (message.kind === 'appended') this.#tellFailures();
    this.#settled(id, waiting);
    waiting.resolve(message);
  }

  /**
   * A context that is being torn down may fail to write before it ends: should it end now, the next
   * leader is asked instead.
   */
  #doubt(id: number, waiting: Waiting<Said>, failure: unknown): void {
    waiting.failure = failure;
    this.#context.host.timers.after(DYING_MS, () => {
      if (this.waiting.get(id) === waiting && waiting.failure === failure)
        this.end(id, waiting, failure);
    });
  }

  /** The leader lives. What it failed may not be asked again behind what it has appended since. */
  #tellFailures(): void {
    for (const [id, waiting] of [...this.waiting])
      if (waiting.failure !== undefined) this.end(id, waiting, waiting.failure);
  }

  ticked(nowMs: number): void {
    const { leaderTimeoutMs } = this.#context.request;
    if (nowMs - this.link.heardMs <= leaderTimeoutMs) return;
    for (const [id, waiting] of [...this.waiting]) {
      if (waiting.isPatient === true || nowMs - waiting.bornMs <= leaderTimeoutMs) continue;
      const { name } = this.#context;
      this.end(id, waiting, unresponsive(name, leaderTimeoutMs, outcomeOf(waiting)));
    }
  }

  #failAll(reason: unknown): void {
    for (const [id, waiting] of [...this.waiting]) {
      if (reason instanceof Moved) {
        this.waiting.delete(id);
        waiting.reject(reason);
        continue;
      }
      const known = isVarveError(reason) && waiting.outcome !== undefined;
      this.end(id, waiting, known ? withOutcome(reason, outcomeOf(waiting)!) : reason);
    }
  }
}

/** What may have become of what gets no answer; also one of another leader counts. */
function outcomeOf({
  outcome,
  sentOn,
  wasSent: before,
}: Pick<Waiting<unknown>, 'outcome' | 'sentOn' | 'wasSent'>): Outcome | undefined {
  const wasSent = sentOn > 0 || before === true;
  return wasSent ? outcome : outcome && 'not-written';
}

export function expected<K extends ToFollower['kind']>(
  message: ToFollower,
  kind: K,
): Extract<ToFollower, { kind: K }> {
  if (message.kind === kind) return message as Extract<ToFollower, { kind: K }>;
  throw new VarveError('BAD_MESSAGE', `${message.kind}, not ${kind}`, {
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
  return new VarveError('LEADER_LOST', 'it was open in another tab', {
    outcome,
  });
}
