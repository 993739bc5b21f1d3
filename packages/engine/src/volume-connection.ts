/**
 * One client of a worker that serves volumes: its ports, its volume, its works; or the way to another
 * tab's engine, where the volume is.
 *
 * Always true:
 * - every call is answered, or the connection has ended
 * - calls take effect in the order in which they came, wherever the volume is by then
 * - several malformed messages in a row end this connection alone
 * - when it ends, whatever was held for the client (lock, handles) is given back
 */
import {
  STRIKES_MAX,
  VarveError,
  isVarveError,
  isVolumeChange,
  toWire,
  validateToEngine,
  validateVolumeRequest,
} from '@varve/protocol';
import type { Port, VolumeCalls, VolumePiece, VolumeStatus } from '@varve/protocol';
import type { Volume } from '@varve/volume';
import { askWhoever, isGone } from './asking.ts';
import { CallLine } from './call-line.ts';
import { type HandlersOf, exposeControl } from './control-root.ts';
import { answerHello } from './hello.ts';
import { Moved } from './relay.ts';
import type { EngineServices, VolumeServices } from './services.ts';
import { Session } from './session.ts';
import { type DeskRequest, VolumeDesk } from './volume-desk.ts';
import { type BegunWork, VolumeErrands, type WorkPlaces } from './volume-errands.ts';
import { VolumeRelay, leaderLost } from './volume-relay.ts';
import { completeVolumeRequest, type OpenVolumeRequest, VolumeService } from './volume-service.ts';

type Seat = Volume | VolumeRelay;

export class VolumeConnection {
  readonly #data: Port;
  readonly #control: Port;
  readonly #session: Session<Volume, VolumeRelay, OpenVolumeRequest>;
  readonly #desk: VolumeDesk;
  readonly #errands = new VolumeErrands(this.#places());
  readonly #line = new CallLine();
  /** Changes that have no answer yet. */
  readonly #changes = new Set<Promise<unknown>>();
  #strikes = 0;
  /** A change that comes now is nobody's: its page hears of the closing, and of nothing after it. */
  #isClosing = false;
  #ended = false;

  constructor(services: EngineServices & VolumeServices, data: Port, control: Port) {
    this.#data = data;
    this.#control = control;
    this.#session = new Session(services, new VolumeService(services), {
      // Who wants to know asks.
      event: () => undefined,
      status: () => undefined,
    });
    this.#desk = new VolumeDesk(services.timers);
    data.addEventListener('message', ({ data: message }) => {
      const validated = validateToEngine(message);
      // Nothing else comes here.
      if ('value' in validated && validated.value.kind === 'introducer')
        services.introduce?.(validated.value.port);
    });
    // A port that closes is a client that went away, where the platform tells.
    data.addEventListener('close', () => void this.end());
    exposeControl(
      control,
      validateVolumeRequest,
      this.#handlers(),
      (wrong) => this.#strike(wrong),
      () => (this.#strikes = 0),
      () => void this.end(),
    );
    data.start?.();
  }

  /** Gives everything back. Idempotent. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#errands.dropAll();
    this.#desk.dispose();
    await this.#session.close().catch(() => undefined);
    this.#data.close();
    this.#control.close();
  }

  #handlers(): HandlersOf<VolumeCalls> {
    const session = this.#session;
    const errands = this.#errands;
    // What the desk knows goes there, wherever it is; here are the exceptions.
    const desk = Object.fromEntries(
      this.#desk.methods.map((method) => [
        method,
        (...args: readonly unknown[]) => this.#call({ method, args } as object as DeskRequest),
      ]),
    ) as Pick<HandlersOf<VolumeCalls>, DeskRequest['method']>;
    return {
      ...desk,
      openVolume: async (name, options) => {
        await session.open(name, completeVolumeRequest(options), options);
        return (await this.#call({ method: 'volumeStatus', args: [] })) as VolumeStatus;
      },
      openWork: (work) => errands.open(work),
      pullWork: (work) => errands.pull(work),
      dropWork: (work) => errands.drop(work),
      park: () => session.park(),
      closeVolume: async () => {
        errands.dropAll();
        this.#isClosing = true;
        // A volume of our own ends what it has begun; a leader would not know that we wait for it.
        if (session.relay !== undefined) await Promise.allSettled(this.#changes);
        await session.close();
      },
    };
  }

  #call(request: DeskRequest): Promise<unknown> {
    return this.#askSomewhere(request, (answer) => answer);
  }

  /** @param told gets the answer, and who gave it */
  async #askSomewhere<T>(
    request: DeskRequest,
    told: (answer: unknown, seat: Seat) => T,
  ): Promise<T> {
    const isOnce = isVolumeChange(request);
    if (isOnce && this.#isClosing)
      throw new VarveError('CLOSED', undefined, { outcome: 'not-written' });
    const place = this.#line.enter();
    const asking = askWhoever(
      this.#session,
      async (volume, relay) =>
        told(
          await (volume === undefined ? relay!.call(request) : this.#callHere(volume, request)),
          volume ?? relay!,
        ),
      { place },
    ).finally(() => place.leave());
    if (!isOnce) return asking;
    this.#changes.add(asking);
    return asking.finally(() => this.#changes.delete(asking));
  }

  async #callHere(volume: Volume, request: DeskRequest): Promise<unknown> {
    try {
      return await this.#desk.call(volume, request);
    } catch (error) {
      // Another tab took it away in the middle of this: it is not to be asked again.
      const isLost = isVarveError(error, 'CLOSED') && error.outcome === 'unknown';
      throw isLost && this.#session.store !== volume ? leaderLost() : error;
    }
  }

  #places(): WorkPlaces {
    const ask = (request: DeskRequest, { at, link }: BegunWork): Promise<unknown> =>
      at instanceof VolumeRelay ? at.call(request, link) : this.#desk.call(at, request);
    return {
      begin: (work) =>
        this.#askSomewhere({ method: 'openWork', args: [work] }, (id, at): BegunWork => {
          const link = at instanceof VolumeRelay ? at.link.number : 0;
          return { at, link, id: id as number };
        }),
      pull: async (begun) =>
        (await ask({ method: 'pullWork', args: [begun.id] }, begun)) as VolumePiece,
      drop: (begun) => {
        // What is there no more is dropped.
        ask({ method: 'dropWork', args: [begun.id] }, begun).catch(() => undefined);
      },
      returned: async () => {
        if (this.#session.isParked) await this.#session.returned();
      },
      isGone: (error, { at }) =>
        at instanceof VolumeRelay
          ? error instanceof Moved || isVarveError(error, 'LEADER_LOST')
          : isGone(error, at, this.#session),
    };
  }

  #strike(wrong: string): VarveError {
    const error = new VarveError('BAD_MESSAGE', wrong, {
      facts: { wrong },
      outcome: 'not-written',
    });
    if (++this.#strikes >= STRIKES_MAX) {
      this.#data.postMessage({ kind: 'refused', error: toWire(error), dropped: true }, []);
      void this.end();
    }
    return error;
  }
}

export function receiveVolumeHello(
  services: EngineServices & VolumeServices,
  message: unknown,
  channel?: Port,
): VolumeConnection | undefined {
  const ports = answerHello(message, services.lifeLock, channel);
  return ports && new VolumeConnection(services, ports.data, ports.control);
}
