/**
 * A tab: a page and its worker, in which the real engine runs.
 *
 * Always true: page and worker die together, unless the worker alone is ended; then the page learns it.
 */
import type { SimulatedBrowser, SimulatedContext } from '@varve/files/simulated';
import { createMemoryHost } from '@varve/files/memory';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import { PROTOCOL_VERSION, VarveError } from '@varve/protocol';
import type { CallTable } from '@varve/protocol';
import { Gathering } from '../src/gathering.ts';
import { PortedChannels } from '../src/ported-channels.ts';
import type { EngineServices } from '../src/services.ts';
import type { SimulatedIntroducer } from './introducing.ts';
import type { MachineHistory } from './machine-history.ts';
import type { Page, PagePlace } from './page.ts';
import { portPair } from './ports.ts';

/** What the page knows of its worker's end only after so long, ms. */
const DEATH_HEARD_MS = 20;

export type AnyPage<C extends CallTable<C> = never> = Page<C, MachineHistory>;

/** What runs in a tab: the page, and what its worker is made of. */
export interface Application<P> {
  page(place: PagePlace, client: number): P;
  /** The worker's engine hears of its page. */
  receive(services: EngineServices, hello: object): void;
}

export class Tab<P extends AnyPage> {
  readonly page: P;
  readonly worker: SimulatedContext;
  readonly #pageContext: SimulatedContext;

  /** @param introducer absent: links stay on the channel, and each append is committed by itself */
  constructor(
    browser: SimulatedBrowser,
    client: number,
    application: Application<P>,
    introducer?: SimulatedIntroducer,
  ) {
    const page = browser.context(`page ${client}`);
    const worker = browser.context(`worker ${client}`);
    this.#pageContext = page;
    this.worker = worker;
    worker.onDeath = () => {
      page.die();
      introducer?.tabDied(worker);
    };
    const [data, engineData] = portPair(page, worker);
    const [control, engineControl] = portPair(page, worker);
    this.page = application.page({ context: page, data, control }, client);
    const plain = servicesOf(worker);
    const services = introducer === undefined ? plain : introduced(plain, worker, introducer);
    browser.turns.at(worker, browser.nowMs, () => {
      application.receive(services, {
        kind: 'varve:hello',
        version: PROTOCOL_VERSION,
        data: engineData,
        control: engineControl,
      });
    });
  }

  /** Its page can ask for something. */
  get isUsable(): boolean {
    return this.isAlive && !this.page.isOver;
  }

  get isAlive(): boolean {
    return this.#pageContext.isAlive;
  }

  /** Runs in the page, in a turn of its own. */
  do(task: (page: P) => void): void {
    const { turns, nowMs } = this.#pageContext.browser;
    turns.at(this.#pageContext, nowMs, () => task(this.page));
  }

  kill(): void {
    this.worker.die();
    this.#pageContext.die();
  }

  /** The page ends its worker, busy or not. */
  terminateWorker(): void {
    this.worker.onDeath = () => undefined;
    this.worker.die();
    this.#pageContext.after(DEATH_HEARD_MS, () =>
      this.page.end(new VarveError('WORKER_DIED', '', { outcome: 'unknown' })),
    );
  }

  /** Its worker dies in the file operation after so many more. */
  killAfterOps(ops: number): void {
    this.worker.diesAfterOps = ops;
  }

  freeze(how: 'stopped' | 'suspended'): void {
    this.worker.freeze(how);
    this.#pageContext.freeze(how);
  }

  thaw(): void {
    this.worker.thaw();
    this.#pageContext.thaw();
  }
}

function servicesOf({ host }: SimulatedContext): EngineServices {
  return {
    durableHost: async () => host,
    memoryHost: () => createMemoryHost(),
    refusal: async () => undefined,
    timers: host.timers,
    lifeLock: undefined,
    openStore,
    listStores,
    deleteStore,
    importStore,
  };
}

/** As where the page has asked for ports: how late they come is the browser's business. */
function introduced(
  services: EngineServices,
  worker: SimulatedContext,
  introducer: SimulatedIntroducer,
): EngineServices {
  const channels = new PortedChannels(worker.host.channels!, worker);
  const host = { ...worker.host, channels };
  introducer.passOnTo(worker, (port) => channels.introduce(port));
  const nextTurn = (): Promise<void> => new Promise((resolve) => worker.after(0, resolve));
  return { ...services, durableHost: async () => host, gathering: new Gathering(nextTurn) };
}
