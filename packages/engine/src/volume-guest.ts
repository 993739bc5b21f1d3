/**
 * What a follower asks of the volume that this engine leads.
 *
 * Always true:
 * - what it has under way is bounded, in calls and in bytes; beyond that it is told OVERLOADED
 * - what a volume that is being given back did not do is told so: the follower asks the next leader
 */
import { isVarveError, toWire, validateToVolumeLeader, volumeCallBytes } from '@varve/protocol';
import type { VolumeCallMessage } from '@varve/protocol';
import type { Volume } from '@varve/volume';
import type { Answerer, GuestService } from './guests.ts';
import { overloaded } from './log-guest.ts';
import type { EngineServices } from './services.ts';
import { VolumeDesk, type DeskRequest } from './volume-desk.ts';
import { leaderLost } from './volume-relay.ts';

const CALLS_MAX = 128;
const BYTES_MAX = 96 * 1024 * 1024;

export class VolumeGuest implements GuestService {
  readonly #volume: Volume;
  readonly #desk: VolumeDesk;
  readonly #answer: Answerer;
  #calls = 0;
  #bytes = 0;

  constructor({ timers }: EngineServices, volume: Volume, answer: Answerer) {
    this.#volume = volume;
    this.#desk = new VolumeDesk(timers);
    this.#answer = answer;
  }

  welcome(given: object): { readonly epoch: number } {
    const { store } = this.#volume.status();
    this.#volume.checkFits(given);
    // It knows by this what to look for, should it ever lead.
    this.#answer({ kind: 'status', status: store, events: [], checkpointDue: false });
    return { epoch: store.generation };
  }

  hear(body: unknown): string | undefined {
    const validated = validateToVolumeLeader(body);
    if ('wrong' in validated) return validated.wrong;
    if (validated.value.kind === 'call') void this.#call(validated.value);
    return undefined;
  }

  end(): void {
    this.#desk.dispose();
  }

  async #call({ id, request }: VolumeCallMessage): Promise<void> {
    const bytes = volumeCallBytes(request);
    const isTooMuch = this.#calls >= CALLS_MAX || this.#bytes + bytes > BYTES_MAX;
    if (isTooMuch) return this.#fail(id, overloaded());
    this.#calls++;
    this.#bytes += bytes;
    try {
      const value = await this.#desk.call(this.#volume, request as DeskRequest);
      this.#answer({ kind: 'answered', id, answer: { ok: true, value } });
    } catch (error) {
      const isLost = isVarveError(error, 'CLOSED') && error.outcome === 'unknown';
      this.#fail(id, isLost ? leaderLost() : error);
    } finally {
      this.#calls--;
      this.#bytes -= bytes;
    }
  }

  #fail(id: number, error: unknown): void {
    this.#answer({ kind: 'failed', id, error: toWire(error) });
  }
}
