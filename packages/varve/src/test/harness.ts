/** A log over a real engine in this thread: real messages, a host in memory, nothing of a browser. */
import { createMemoryHost } from '@varve/files/memory';
import type { Host } from '@varve/files';
import { receiveHello } from '@varve/engine';
import type { EngineServices } from '@varve/engine';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import type { Log, OpenOptions } from '../api.ts';
import { structuredCodec } from '../codec/index.ts';
import { openShared } from '../open.ts';
import type { Platform } from '../platform.ts';

export interface TestEngine {
  readonly host: Host;
  readonly platform: Platform;
  /** As when a worker crashes. */
  kill(): void;
  open<T = unknown>(name: string, options?: OpenOptions<T>): Promise<Log<T>>;
}

let places = 0;

export function testEngine(overrides: Partial<EngineServices> = {}): TestEngine {
  const host = createMemoryHost();
  const kills = new Set<(reason: unknown) => void>();
  const services: EngineServices = {
    durableHost: async () => host,
    memoryHost: () => host,
    refusal: async () => undefined,
    timers: host.timers,
    lifeLock: undefined,
    openStore,
    listStores,
    deleteStore,
    importStore,
    ...overrides,
  };
  const platform: Platform = {
    place: `test-${places++}`,
    startEngine: () => ({
      url: 'test',
      isOwn: true,
      silenceMs: 5_000,
      post: (hello) => void receiveHello(services, hello),
      onEnd: (listener) => kills.add(listener),
      terminate: () => undefined,
    }),
    refusal: async () => undefined,
    persist: async () => undefined,
    watchPage: () => () => undefined,
  };
  return {
    host,
    platform,
    kill: () => kills.forEach((tell) => tell(new Error('killed'))),
    open: (name, options = {}) => openShared(platform, name, options, structuredCodec()),
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
