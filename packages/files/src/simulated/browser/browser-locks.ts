/**
 * Web Locks among the contexts of a simulated browser.
 *
 * Always true:
 * - at most one grant of a name is neither given back nor stolen
 * - requests are granted in the order in which they reach the browser; `steal` goes before all
 * - who waits, or holds, and dies leaves the queue
 * - a grant, and its loss, are heard only when their context runs
 */
import type { Abort, HeldLock, Locks } from '../../host.ts';
import type { SimulatedContext } from './simulated-context.ts';

interface Request {
  readonly context: SimulatedContext;
  readonly ifAvailable: boolean;
  /** Nobody wants it any more. */
  isOver: boolean;
  granted(held: HeldLock | undefined): void;
  /** Set by the grant. */
  markLost?: () => void;
}

interface Name {
  holder: Request | undefined;
  waiting: Request[];
}

export interface LockOptions {
  readonly ifAvailable?: boolean;
  readonly steal?: boolean;
  readonly signal?: Abort;
}

export class BrowserLocks {
  readonly #names = new Map<string, Name>();

  of(context: SimulatedContext): Locks {
    return { acquire: (name, options = {}) => this.#acquire(context, name, options) };
  }

  /** Whose lock it is; for those who judge. */
  holderOf(name: string): SimulatedContext | undefined {
    return this.#names.get(name)?.holder?.context;
  }

  forget(context: SimulatedContext): void {
    for (const [name, { holder, waiting }] of this.#names) {
      for (const request of waiting) if (request.context === context) request.isOver = true;
      if (holder?.context === context) this.#end(name, holder);
    }
  }

  forgetAll(): void {
    this.#names.clear();
  }

  async #acquire(
    context: SimulatedContext,
    name: string,
    { ifAvailable = false, steal = false, signal }: LockOptions,
  ): Promise<HeldLock | undefined> {
    context.assertAlive();
    if (signal?.aborted) throw signal.reason;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        signal?.removeEventListener('abort', giveUp);
        reject(signal?.reason);
        context.toBrowser(() => {
          request.isOver = true;
          this.#end(name, request);
        });
      };
      const request: Request = {
        context,
        ifAvailable,
        isOver: false,
        granted: (held) =>
          context.fromBrowser(() => {
            signal?.removeEventListener('abort', giveUp);
            resolve(held);
          }),
      };
      signal?.addEventListener('abort', giveUp);
      context.toBrowser(() => this.#arrived(name, request, steal));
    });
  }

  #arrived(name: string, request: Request, steal: boolean): void {
    const { context } = request;
    if (request.isOver || !context.isAlive) return;
    const queue = this.#nameOf(name);
    const isFree = queue.holder === undefined && queue.waiting.every(({ isOver }) => isOver);
    if (steal) {
      const robbed = queue.holder;
      queue.holder = undefined;
      context.browser.trace(`lock ${name} stolen by ${context.name}`);
      if (robbed !== undefined) this.#tellLost(robbed);
      queue.waiting.unshift(request);
    } else if (request.ifAvailable && !isFree) {
      request.granted(undefined);
      return;
    } else {
      queue.waiting.push(request);
    }
    this.#grantNext(name, queue);
  }

  #grantNext(name: string, queue: Name): void {
    while (queue.holder === undefined) {
      const next = queue.waiting.shift();
      if (next === undefined) {
        this.#names.delete(name);
        return;
      }
      if (next.isOver) continue;
      queue.holder = next;
      next.context.browser.trace(`lock ${name} to ${next.context.name}`);
      next.granted(this.#held(name, next));
    }
  }

  #held(name: string, request: Request): HeldLock {
    const { context } = request;
    const lost = new Promise<void>((resolve) => {
      request.markLost = resolve;
    });
    const release = (): void => {
      if (request.isOver) return;
      request.isOver = true;
      context.toBrowser(() => this.#end(name, request));
    };
    return { release, lost };
  }

  /** It holds the name no more, if it did. */
  #end(name: string, request: Request): void {
    request.isOver = true;
    const queue = this.#names.get(name);
    if (queue === undefined || queue.holder !== request) return;
    queue.holder = undefined;
    this.#tellLost(request);
    this.#grantNext(name, queue);
  }

  #tellLost({ context, markLost }: Request): void {
    if (context.isAlive) context.fromBrowser(() => markLost?.());
  }

  #nameOf(name: string): Name {
    let found = this.#names.get(name);
    if (found === undefined) {
      found = { holder: undefined, waiting: [] };
      this.#names.set(name, found);
    }
    return found;
  }
}
