/** The engine's entry in Node: a worker thread, so that a flush never blocks the program. */
import { parentPort, workerData } from 'node:worker_threads';
import { receiveHello } from './engine.ts';
import { nodeServices } from './node-services.ts';

const { directory } = workerData as { readonly directory: string };
const services = { ...nodeServices(directory), mayStandStill: true };
parentPort?.on('message', (message) => receiveHello(services, message));
