/** A volume over a real engine in this thread: real messages, a host in memory, nothing of a browser. */
import type { EngineServices } from '@varve/engine';
import { receiveVolumeHello } from '@varve/engine/volumes';
import type { Host } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import { openVolume } from '@varve/volume';
import { openSharedVolume } from '../open-volume.ts';
import type { Platform } from '../platform.ts';
import type { OpenVolumeOptions, Volume } from '../volume-api.ts';

export interface TestVolumes {
  /** As when a worker crashes. */
  kill(): void;
  /** As when the page is hidden for good, or frozen. */
  park(): void;
  /** … and shown again. */
  wake(): void;
  open(name: string, options?: OpenVolumeOptions): Promise<Volume>;
  /** Another page of the same origin. */
  otherPage(): TestVolumes;
}

let places = 0;

export function testVolumes(host: Host = createMemoryHost()): TestVolumes {
  const kills = new Set<(reason: unknown) => void>();
  const parks = new Set<() => void>();
  const wakes = new Set<() => void>();
  const services: EngineServices & { openVolume: typeof openVolume } = {
    durableHost: async () => host,
    memoryHost: () => host,
    refusal: async () => undefined,
    timers: host.timers,
    lifeLock: undefined,
    openStore,
    openVolume,
    listStores,
    deleteStore,
    importStore,
  };
  const platform: Platform = {
    place: `volumes-${places++}`,
    startEngine() {
      let connection: ReturnType<typeof receiveVolumeHello>;
      return {
        url: 'test',
        isOwn: true,
        silenceMs: 5_000,
        post: (hello) => void (connection = receiveVolumeHello(services, hello)),
        onEnd: (listener) => kills.add(listener),
        terminate: () => void connection?.end(),
      };
    },
    refusal: async () => undefined,
    persist: async () => undefined,
    watchPage(park, wake) {
      parks.add(park);
      wakes.add(wake);
      return () => parks.delete(park) && wakes.delete(wake);
    },
  };
  return {
    kill: () => kills.forEach((tell) => tell(new Error('killed'))),
    park: () => parks.forEach((tell) => tell()),
    wake: () => wakes.forEach((tell) => tell()),
    open: (name, options = {}) => openSharedVolume(platform, name, options),
    otherPage: () => testVolumes(host),
  };
}
