/**
 * A page: speaks to its worker as packages/varve does, and writes down what it was told.
 *
 * Always true: every call ends, by its answer, by its deadline or by the worker's end.
 */
import { VarveError, fromWire, isVarveError } from '@varve/protocol';
import type { CallTable, Port, ToClient } from '@varve/protocol';
import type { SimulatedContext } from '@varve/files/simulated';
import { Caller } from './caller.ts';
import type { MachineHistory } from './machine-history.ts';

/** Where a page lives, and how it reaches its worker. */
export interface PagePlace {
  readonly context: SimulatedContext;
  readonly data: Port;
  readonly control: Port;
}

/**
 * @typeParam C what may be called over the control port
 * @typeParam H where it writes down what it was told
 */
export abstract class Page<C extends CallTable<C>, H extends MachineHistory> {
  readonly client: number;
  role: 'leader' | 'follower' | undefined;
  protected readonly context: SimulatedContext;
  protected readonly history: H;
  protected readonly caller: Caller<C>;
  #isOpen = false;
  readonly #whenOpen: (() => void)[] = [];

  constructor({ context, data, control }: PagePlace, client: number, history: H) {
    this.context = context;
    this.client = client;
    this.history = history;
    this.caller = new Caller(context, data, control, {
      told: (message) => this.#told(message),
      waited: (sinceMs) => history.waited(sinceMs),
    });
  }

  /** No call can succeed any more: the store must be opened anew. */
  get isOver(): boolean {
    return this.caller.isOver;
  }

  /** Calls that must end some time. */
  get pendingCalls(): number {
    return this.caller.pendingCalls;
  }

  /** Once; an application has no store to ask before. */
  open(name: string, request: object): void {
    void this.#open(name, request).then((isOpen) => {
      this.#isOpen = isOpen;
      if (isOpen) for (const task of this.#whenOpen.splice(0)) task();
    });
  }

  /** As soon as the store is open. */
  whenOpen(task: () => void): void {
    if (this.#isOpen) task();
    else this.#whenOpen.push(task);
  }

  park(): Promise<void> {
    return this.attempt('park', () => this.parkStore());
  }

  abstract status(): Promise<void>;

  abstract close(): Promise<void>;

  /** The worker is gone, or the page lets go of it. */
  end(error: VarveError): void {
    if (!this.caller.end(error)) return;
    this.ended(error);
    this.caller.close();
  }

  protected abstract openStore(name: string, request: object): Promise<void>;
  protected abstract parkStore(): Promise<void>;

  /** What was not sent yet will not be. */
  protected ended(_error: VarveError): void {
    // Nothing, unless a page keeps something.
  }

  protected heard(_message: ToClient): void {
    // Nothing, unless its worker tells something.
  }

  protected async attempt(what: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.noted(what, error);
    }
  }

  protected noted(what: string, error: unknown): void {
    this.history.failed(what, this.known(error, what), this.context.nowMs());
  }

  /** What is no error of ours must never leave the engine. */
  protected known(error: unknown, what: string): VarveError {
    if (isVarveError(error)) return error;
    this.history.violations.push(`error: ${what} failed with ${String(error)}`);
    return new VarveError('BAD_MESSAGE', String(error), { cause: error });
  }

  async #open(name: string, request: object): Promise<boolean> {
    try {
      await this.openStore(name, request);
      return true;
    } catch (error) {
      this.noted('open', error);
      this.caller.isOver = true;
      return false;
    }
  }

  #told(message: ToClient): void {
    if (message.kind === 'refused' && message.dropped)
      this.end(fromWire(message.error) as VarveError);
    else this.heard(message);
  }
}
