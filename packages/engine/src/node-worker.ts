/** The engine's entry in Node: a worker thread, so that a flush never blocks the program. */
import { parentPort, workerData } from 'node:worker_threads';
import { receiveHello } from './engine.ts';
import { nodeServices } from './node-services.ts';
import { receiveVolumeHello } from './volume-connection.ts';

const { directory, serves } = workerData as {
  readonly directory: string;
  readonly serves: 'logs' | 'volumes';
};
const services = { ...nodeServices(directory), mayStandStill: true };
const receive = serves === 'volumes' ? receiveVolumeHello : receiveHello;
parentPort?.on('message', (message) => receive(services, message));
