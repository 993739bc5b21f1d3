/**
 * One client of a worker that serves volumes: its ports, its volume, its works.
 *
 * Always true:
 * - every call is answered, or the connection has ended
 * - several malformed messages in a row end this connection alone
 * - when it ends, whatever was held for the client (lock, handles) is given back
 */
import { STRIKES_MAX, VarveError, toWire, validateVolumeRequest } from '@varve/protocol';
import type { GivenView, Port, VolumeCalls } from '@varve/protocol';
import { type HandlersOf, exposeControl } from './control-root.ts';
import { answerHello } from './hello.ts';
import type { EngineServices, VolumeServices } from './services.ts';
import { VolumeSession } from './volume-session.ts';
import { VolumeWorks } from './volume-works.ts';

const viewOf = (view: GivenView): { readonly view?: string } => (view === null ? {} : { view });

export class VolumeConnection {
  readonly #data: Port;
  readonly #control: Port;
  readonly #session: VolumeSession;
  readonly #works: VolumeWorks;
  #strikes = 0;
  #ended = false;

  constructor(services: EngineServices & VolumeServices, data: Port, control: Port) {
    this.#data = data;
    this.#control = control;
    this.#session = new VolumeSession(services);
    this.#works = new VolumeWorks(services.timers);
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
    this.#works.dropAll();
    await this.#session.close().catch(() => undefined);
    this.#data.close();
    this.#control.close();
  }

  #handlers(): HandlersOf<VolumeCalls> {
    const session = this.#session;
    const works = this.#works;
    return {
      openVolume: (name, options) => session.open(name, options),
      volumeStatus: () => session.with((volume) => volume.status()),
      write: (at, bytes, view) => session.with((volume) => volume.write(at, bytes, viewOf(view))),
      trimVolume: (at, length, view) =>
        session.with((volume) => volume.trim(at, length, viewOf(view))),
      atomic: (ops, view) => session.with((volume) => volume.atomic(ops, viewOf(view))),
      read: (at, length, view, verify) =>
        session.with(async (volume) => {
          const bytes = new Uint8Array(length);
          const read = await volume.readInto(bytes, { at, verify, ...viewOf(view) });
          return read === length ? bytes : bytes.slice(0, read);
        }),
      snapshot: (name) => session.with((volume) => volume.snapshot(name)),
      snapshots: () => session.with((volume) => volume.snapshots()),
      resize: (sizeBytes) => session.with((volume) => volume.resize(sizeBytes)),
      flushVolume: () => session.with((volume) => volume.flush()),
      checkpointVolume: () => session.with((volume) => volume.checkpoint()),
      map: (first, count) => session.with((volume) => volume.map(first, count)),
      openWork: (work) => session.with((volume) => works.open(volume, work)),
      pullWork: (work) => works.pull(work),
      dropWork: (work) => works.drop(work),
      park: () => session.park(),
      closeVolume: async () => {
        works.dropAll();
        await session.close();
      },
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
