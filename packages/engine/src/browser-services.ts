/**
 * An engine's surroundings in a browser's dedicated worker.
 *
 * Always true: nothing is touched before the first client says hello.
 */
import { createMemoryHost } from '@varve/files/memory';
import { createOpfsHost, storageAsks } from '@varve/files/opfs';
import type { Host } from '@varve/files';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import type { StorageFacts } from '@varve/protocol';
import { Gathering } from './gathering.ts';
import { inTime } from './in-time.ts';
import { PortedChannels } from './ported-channels.ts';
import { Rehearsal } from './rehearsal.ts';
import { ROOT_NAME } from './root-name.ts';
import type { EngineServices } from './services.ts';
import { StorageGuard } from './storage-guard.ts';
import { TaskTurn } from './task-turn.ts';

const LOCK_WAIT_MS = 300;
/** Opening and `status()` tell them, and wait for them no longer. */
const FACTS_WAIT_MS = 1000;

/** `withHost` lets a test put something between the journal and the files. */
export async function browserServices(
  withHost: (host: Host) => Host = (host) => host,
): Promise<EngineServices> {
  const memory = createMemoryHost();
  const { channels, ...opfs } = withHost(createOpfsHost({ rootName: ROOT_NAME }));
  const ported = channels && new PortedChannels(channels, opfs.timers);
  const durable: Host = { ...opfs, ...(ported && { channels: ported }) };
  const life = holdLifeLock();
  const turn = new TaskTurn();
  const rehearsal = new Rehearsal();
  const asks = storageAsks(ROOT_NAME);
  const guard = new StorageGuard({ ...durable.clock, ...durable.timers }, asks, {
    opfs: asks.opfs,
    'web-locks': () => life.held,
  });
  return {
    async durableHost() {
      await guard.started();
      return durable;
    },
    memoryHost: () => memory,
    refusal: (error) => guard.refusal(error),
    storageFacts,
    timers: memory.timers,
    mayStandStill: true,
    gathering: new Gathering(() => turn.next()),
    introduce: (introducer) => ported?.introduce(introducer),
    lifeLock: await heldInTime(life),
    rehearse: (host, name) => rehearsal.begin(host, name),
    openStore: (host, name, options, onEvent) => {
      const opening = openStore(host, name, options, onEvent);
      return host === memory ? opening : guard.watch(opening, (late) => late.abandon());
    },
    listStores: (host) => guard.watch(listStores(host)),
    deleteStore: (host, name) => guard.watch(deleteStore(host, name)),
    importStore: (host, name, chunks) => guard.watch(importStore(host, name, chunks)),
  };
}

/** A browser that cannot say, will not, or takes its time over it, is no failure. */
async function storageFacts(): Promise<StorageFacts> {
  const storage = navigator.storage as Partial<StorageManager> | undefined;
  const [persisted, estimate] = await Promise.all([
    inTime(() => storage?.persisted?.(), FACTS_WAIT_MS, null),
    inTime(() => storage?.estimate?.(), FACTS_WAIT_MS, null),
  ]);
  const { usage = 0, quota = 0 } = estimate ?? {};
  return { persisted, quota: estimate && { usageBytes: usage, quotaBytes: quota } };
}

interface LifeLock {
  readonly name: string;
  readonly held: Promise<unknown>;
}

/** Held until the worker ends, however it ends: the page waits for it to come free. */
function holdLifeLock(): LifeLock {
  const name = `varve-life:${crypto.randomUUID()}`;
  const held = new Promise((resolve, reject) => {
    const forever = (): Promise<never> => {
      resolve(undefined);
      return new Promise(() => undefined);
    };
    (async () => navigator.locks.request(name, forever))().catch(reject);
  });
  held.catch(() => undefined);
  return { name, held };
}

/** A client is answered soon, without a lock if need be. */
function heldInTime({ name, held }: LifeLock): Promise<string | undefined> {
  return inTime(() => held.then(() => name), LOCK_WAIT_MS, undefined);
}
