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
    const use = () => session.use();
    return {
      openVolume: (name, options) => session.open(name, options),
      volumeStatus: async () => (await use()).status(),
      write: async (at, bytes, view) => (await use()).write(at, bytes, viewOf(view)),
      trimVolume: async (at, length, view) => (await use()).trim(at, length, viewOf(view)),
      atomic: async (ops, view) => (await use()).atomic(ops, viewOf(view)),
      async read(at, length, view, verify) {
        const bytes = new Uint8Array(length);
        const read = await (await use()).readInto(bytes, { at, verify, ...viewOf(view) });
        return read === length ? bytes : bytes.slice(0, read);
      },
      snapshot: async (name) => (await use()).snapshot(name),
      snapshots: async () => (await use()).snapshots(),
      resize: async (sizeBytes) => (await use()).resize(sizeBytes),
      flushVolume: async () => (await use()).flush(),
      checkpointVolume: async () => (await use()).checkpoint(),
      map: async (first, count) => (await use()).map(first, count),
      openWork: async (work) => works.open(await use(), work),
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
