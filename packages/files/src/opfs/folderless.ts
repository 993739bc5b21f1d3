/**
 * What of a host there is in every context of the origin, service workers included: all but files and
 * the witness that they exist.
 */
import type { Clock, FolderlessHost, Random, Timers } from '../host.ts';
import { BroadcastChannels } from './broadcast-channels.ts';
import { IdbInbox } from './idb-inbox.ts';
import { WebLocks } from './web-locks.ts';

/** Touches nothing before its first use, so it never fails by itself. */
export function createFolderlessHost(rootName: string): FolderlessHost {
  return {
    clock: webClock,
    random: webRandom,
    timers: webTimers,
    locks: new WebLocks(`${rootName}/`),
    ...(typeof BroadcastChannel !== 'undefined' && {
      channels: new BroadcastChannels(`${rootName}/`),
    }),
    ...(typeof indexedDB !== 'undefined' && { inbox: new IdbInbox(rootName) }),
  };
}

const webClock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

/** The most bytes that `getRandomValues` takes at once. */
const RANDOM_STEP_BYTES = 65_536;

const webRandom: Random = {
  fill(bytes) {
    for (let at = 0; at < bytes.length; at += RANDOM_STEP_BYTES) {
      const step = new Uint8Array(Math.min(RANDOM_STEP_BYTES, bytes.length - at));
      bytes.set(crypto.getRandomValues(step), at);
    }
  },
};

const webTimers: Timers = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
