/**
 * The `SharedWorker` of a simulated browser, with the real introducer in it: it lives as long as the
 * browser, and nobody tells it of a death.
 */
import type { SimulatedContext } from '@varve/files/simulated';
import type { Port } from '@varve/protocol';
import { Introducer, type Tell } from '../src/introducer.ts';
import { introducedPair } from './ports.ts';

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

export class SimulatedIntroducer {
  readonly #introducer = new Introducer<End>(() => {
    const pair = new Pair();
    return [{ pair }, { pair }];
  });

  /** The way to it, for a worker that its page has passed it on to. */
  portFor(context: SimulatedContext): Port {
    let hear: (event: { readonly data?: unknown }) => void = () => undefined;
    const tell: Tell<End> = (name, { pair }) =>
      pair.bringTo(context, (port) => context.fromBrowser(() => hear({ data: { name, port } })));
    return {
      postMessage: (message) => context.toBrowser(() => this.#introducer.hear(tell, message)),
      addEventListener: (_, listener) => {
        hear = listener;
      },
      removeEventListener: () => undefined,
      close: () => undefined,
    };
  }
}
