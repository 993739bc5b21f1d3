/**
 * The `SharedWorker` of a simulated browser, with the real introducer in it.
 *
 * Always true:
 * - it may die with any tab that is killed; what is under way to it or from it is lost then
 * - workers hear nothing of that: their pages do, and pass another one on a while later
 */
import { SeededRandom, type SimulatedContext, seedOf } from '@varve/files/simulated';
import type { Port } from '@varve/protocol';
import { Introducer, type Tell } from '../src/introducer.ts';
import type { World } from './world.ts';
import { introducedPair } from './ports.ts';

/** As in `varve/ports`, ms. */
const PAUSE_MS = 250;

/** One end of a port whose contexts become known as it is brought to them. */
interface End {
  readonly pair: Pair;
}

class Pair {
  #first: { readonly context: SimulatedContext; readonly bring: (port: Port) => void } | undefined;

  bringTo(context: SimulatedContext, bring: (port: Port) => void): void {
    if (this.#first === undefined) {
      this.#first = { context, bring };
      return;
    }
    const [one, two] = introducedPair(this.#first.context, context);
    this.#first.bring(one);
    bring(two);
  }
}

/** A worker, and its page's way to pass an introducer on to it. */
interface Client {
  readonly worker: SimulatedContext;
  readonly introduce: (introducer: Port) => void;
}

export class SimulatedIntroducer {
  readonly #diesPercent: number;
  readonly #random: SeededRandom;
  #life = new Life();

  constructor({ seed, introducerDiesPercent }: World<unknown>) {
    this.#diesPercent = introducerDiesPercent;
    this.#random = new SeededRandom(seedOf('introducer dies', seed));
  }

  /** For as long as both live, whatever lives the introducer has. */
  passOnTo(worker: SimulatedContext, introduce: (introducer: Port) => void): void {
    this.#passOn({ worker, introduce });
  }

  /** Its process may have been the introducer's as well. */
  tabDied({ browser }: SimulatedContext): void {
    if (this.#random.below(100) >= this.#diesPercent) return;
    browser.trace('the introducer is dead');
    const { clients } = this.#life;
    this.#life.isOver = true;
    this.#life = new Life();
    for (const client of clients) {
      const { worker } = client;
      if (!worker.isAlive) continue;
      worker.fromBrowser(() => worker.after(PAUSE_MS, () => this.#passOn(client)));
    }
  }

  #passOn(client: Client): void {
    const { worker, introduce } = client;
    const life = this.#life;
    life.clients.push(client);
    worker.fromBrowser(() => introduce(life.portFor(worker)));
  }
}

class Life {
  readonly clients: Client[] = [];
  isOver = false;
  readonly #introducer = new Introducer<End>(() => {
    const pair = new Pair();
    return [{ pair }, { pair }];
  });

  portFor(context: SimulatedContext): Port {
    let hear: (event: { readonly data?: unknown }) => void = () => undefined;
    const tell: Tell<End> = (name, { pair }) =>
      pair.bringTo(context, (port) =>
        context.fromBrowser(() => {
          if (!this.isOver) hear({ data: { name, port } });
        }),
      );
    return {
      postMessage: (message) =>
        context.toBrowser(() => {
          if (!this.isOver) this.#introducer.hear(tell, message);
        }),
      addEventListener: (_, listener) => {
        hear = listener;
      },
      removeEventListener: () => undefined,
      close: () => undefined,
    };
  }
}
