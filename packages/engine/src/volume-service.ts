/** Volumes: how one is opened, led and followed. */
import type { Host } from '@varve/files';
import { completePlace } from '@varve/protocol';
import type { JoinMessage, StoreEvent, StoreStatus, VolumePlace } from '@varve/protocol';
import type { Volume, VolumeOptions } from '@varve/volume';
import { type GuestPlace, Guests } from './guests.ts';
import type { RelayContext } from './relay.ts';
import type { Leading, Service } from './service.ts';
import type { EngineServices, VolumeServices } from './services.ts';
import { VolumeGuest } from './volume-guest.ts';
import { VolumeRelay } from './volume-relay.ts';

export interface OpenVolumeRequest extends VolumePlace {
  /** As it was given: the volume takes what it knows, and refuses what is wrong. */
  readonly options: VolumeOptions;
}

/** @throws BAD_ARGUMENT */
export const completeVolumeRequest = (given: object): OpenVolumeRequest => ({
  ...completePlace(given),
  options: given,
});

export class VolumeService implements Service<Volume, VolumeRelay, OpenVolumeRequest> {
  readonly tellsOfLoss = false;
  readonly #services: EngineServices & VolumeServices;

  constructor(services: EngineServices & VolumeServices) {
    this.#services = services;
  }

  open(
    host: Host,
    name: string,
    { options }: OpenVolumeRequest,
    _tell: (event: StoreEvent) => void,
    create?: false,
  ): Promise<Volume> {
    const asked = create === undefined ? options : { ...options, create };
    return this.#services.openVolume(host, name, asked);
  }

  statusOf(volume: Volume): StoreStatus {
    return volume.status().store;
  }

  lead(place: GuestPlace, volume: Volume): Leading {
    return new VolumeLeading(
      new Guests(place, 'volume', (answer) => new VolumeGuest(this.#services, volume, answer)),
    );
  }

  follow(context: RelayContext): VolumeRelay {
    return new VolumeRelay(context);
  }
}

class VolumeLeading implements Leading {
  readonly #guests: Guests<VolumeGuest>;

  constructor(guests: Guests<VolumeGuest>) {
    this.#guests = guests;
  }

  welcome(join: JoinMessage): void {
    this.#guests.welcome(join);
  }

  event(): void {
    // A volume tells its clients nothing unasked.
  }

  part(): void {
    this.#guests.part();
  }

  end(): void {
    this.#guests.end();
  }
}
