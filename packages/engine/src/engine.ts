/**
 * Listens for clients. A worker serves as many as say hello; each brings its own ports. A client that
 * has the worker to itself may leave out the one for data: the worker's own channel is faster.
 */
import type { Port } from '@varve/protocol';
import { Connection } from './connection.ts';
import { answerHello } from './hello.ts';
import type { EngineServices } from './services.ts';

export function receiveHello(
  services: EngineServices,
  message: unknown,
  channel?: Port,
): Connection | undefined {
  const ports = answerHello(message, services.lifeLock, channel);
  return ports && new Connection(services, ports.data, ports.control);
}
