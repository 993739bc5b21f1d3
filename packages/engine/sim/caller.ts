/**
 * A page's end of the ports to its worker: what it has asked, and waits to be answered.
 *
 * Always true: every question ends, by its answer, by its deadline or by the worker's end.
 */
import type { SimulatedContext } from '@varve/files/simulated';
import { VarveError, fromWire } from '@varve/protocol';
import type { CallTable, ControlAnswer, Port, ToClient } from '@varve/protocol';

/** As the page of packages/varve has them. */
export const DEADLINE_MS = 30_000;
const DEADLINES_MS: { readonly [method: string]: number } = { close: 5_000 };

interface Waiting {
  /** Waits for what is yet to come. */
  readonly isPatient: boolean;
  resolve(answer: ToClient | ControlAnswer<unknown>): void;
  reject(error: VarveError): void;
}

export type AnswerOf<K extends ToClient['kind']> = Extract<ToClient, { kind: K }>;

export interface Callers {
  /** A message that answers nothing. */
  told(message: ToClient): void;
  /** A question since then had no answer by its deadline. */
  waited(sinceMs: number): void;
}

/** @typeParam C what may be called over the control port */
export class Caller<C extends CallTable<C>> {
  /** No question can be answered any more: the store must be opened anew. */
  isOver = false;
  readonly #context: SimulatedContext;
  readonly #data: Port;
  readonly #control: Port;
  readonly #callers: Callers;
  readonly #waiting = new Map<number | string, Waiting>();
  #lastId = 0;

  constructor(context: SimulatedContext, data: Port, control: Port, callers: Callers) {
    this.#context = context;
    this.#data = data;
    this.#control = control;
    this.#callers = callers;
    data.addEventListener('message', (event) => this.#hear(event.data as ToClient));
    control.addEventListener('message', (event) => {
      const { id, value } = event.data as { id: string; value: ControlAnswer<unknown> };
      this.#settle(id, (waiting) => waiting.resolve(value));
    });
  }

  /** Calls that must end some time. */
  get pendingCalls(): number {
    return [...this.#waiting.values()].filter(({ isPatient }) => !isPatient).length;
  }

  newId(): number {
    return ++this.#lastId;
  }

  tell(message: object): void {
    this.#data.postMessage(message, []);
  }

  ask<K extends ToClient['kind']>(
    message: object,
    deadlineMs = DEADLINE_MS,
    transfer: ArrayBuffer[] = [],
  ): Promise<AnswerOf<K>> {
    const id = this.newId();
    return this.#wait(id, deadlineMs, () =>
      this.#data.postMessage({ ...message, id }, transfer),
    ) as Promise<AnswerOf<K>>;
  }

  async call<M extends keyof C & string>(
    method: M,
    ...args: Parameters<C[M]>
  ): Promise<ReturnType<C[M]>> {
    const id = `${this.newId()}`;
    const answer = (await this.#wait(id, DEADLINES_MS[method] ?? DEADLINE_MS, () =>
      this.#control.postMessage(
        {
          id,
          type: 'APPLY',
          path: ['call'],
          argumentList: [{ type: 'RAW', value: { method, args } }],
        },
        [],
      ),
    )) as ControlAnswer<ReturnType<C[M]>>;
    if (!answer.ok) throw fromWire(answer.error);
    return answer.value;
  }

  /** The worker is gone, or the page lets go of it. False: it had ended before. */
  end(error: VarveError): boolean {
    if (this.isOver && this.#waiting.size === 0) return false;
    this.isOver = true;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    return true;
  }

  close(): void {
    this.#data.close();
    this.#control.close();
  }

  #hear(message: ToClient): void {
    if (!('id' in message)) return this.#callers.told(message);
    this.#settle(message.id, (waiting) => {
      if (message.kind === 'failed') waiting.reject(fromWire(message.error) as VarveError);
      else waiting.resolve(message);
    });
  }

  #wait(id: number | string, deadlineMs: number, send: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isOver) {
        reject(new VarveError('CLOSED', '', { outcome: 'not-written' }));
        return;
      }
      const sinceMs = this.#context.nowMs();
      const cancel =
        deadlineMs === Infinity
          ? (): void => undefined
          : this.#context.after(deadlineMs, () => {
              this.#callers.waited(sinceMs);
              this.#settle(id, (waiting) =>
                waiting.reject(new VarveError('TIMEOUT', '', { outcome: 'unknown' })),
              );
            });
      this.#waiting.set(id, {
        isPatient: deadlineMs === Infinity,
        resolve: (answer) => {
          cancel();
          resolve(answer);
        },
        reject: (error) => {
          cancel();
          reject(error);
        },
      });
      send();
    });
  }

  #settle(id: number | string, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting !== undefined) how(waiting);
  }
}
