/** The platform when it is Node. */
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { TransferListItem } from 'node:worker_threads';
import { badArgument } from '@varve/protocol';
import { receiveHello } from '@varve/engine';
import { nodeServices } from '@varve/engine/node-services';
import { receiveVolumeHello } from '@varve/engine/volumes';
import type { EngineProcess } from '../engine-client.ts';
import type { Platform } from '../platform.ts';
import type { Place } from './index.ts';

/** A busy machine takes seconds to start a thread. */
const SILENCE_MS = 20_000;

export function nodePlatform(options: Place, serves: Serves = 'logs'): Platform {
  const { directory, inline = false } = options ?? {};
  if (typeof directory !== 'string' || directory === '') throw badArgument('directory', 'a path');
  const place = resolve(directory);
  return {
    place,
    startEngine: () => (inline ? inlineEngine(place, serves) : workerEngine(place, serves)),
    refusal: async () => undefined,
    persist: async () => undefined,
    watchPage: () => () => undefined,
  };
}

type Serves = 'logs' | 'volumes';

function inlineEngine(directory: string, serves: Serves): EngineProcess {
  const services = nodeServices(directory);
  const receive = serves === 'volumes' ? receiveVolumeHello : receiveHello;
  return {
    url: 'inline',
    isOwn: true,
    silenceMs: SILENCE_MS,
    post: (hello) => void receive(services, hello),
    onEnd: () => undefined,
    terminate: () => undefined,
  };
}

function workerEngine(directory: string, serves: Serves): EngineProcess {
  const built = new URL('./worker.ts', import.meta.url);
  // The build renames it. Still `.ts`: this runs from source, and Node needs help with that.
  const url = built.pathname.endsWith('.ts') ? new URL('./from-source.mjs', built) : built;
  const worker = new Worker(url, { workerData: { directory, serves }, name: 'varve' });
  return {
    url: url.href,
    isOwn: true,
    silenceMs: SILENCE_MS,
    post(hello, ports) {
      // The DOM's ports and Node's are the same objects under two types.
      const transfer: readonly object[] = ports;
      worker.postMessage(hello, transfer as readonly TransferListItem[]);
    },
    onEnd(listener) {
      worker.once('error', listener);
      worker.once('exit', (code) => listener(new Error(`the worker exited with code ${code}`)));
    },
    terminate: () => void worker.terminate(),
  };
}
