/**
 * Listens for clients. A worker serves as many as say hello; each brings its own ports. A client that
 * has the worker to itself may leave out the one for data: the worker's own channel is faster.
 */
import { PROTOCOL_VERSION } from '@varve/protocol';
import type { Hello, Port } from '@varve/protocol';
import { Connection } from './connection.ts';
import type { EngineServices } from './services.ts';

export function isHello(message: unknown): message is Hello<Port> {
  if (typeof message !== 'object' || message === null) return false;
  const { kind, control, data } = message as Partial<Hello<Port>>;
  return (
    kind === 'varve:hello' &&
    typeof control?.postMessage === 'function' &&
    (data === undefined || typeof data.postMessage === 'function')
  );
}

/**
 * Answers a hello; anything else is somebody else's message. A client of another version gets our
 * version and nothing more: it tells its user, we keep the store. `channel` is the worker's own.
 */
export function receiveHello(
  services: EngineServices,
  message: unknown,
  channel?: Port,
): Connection | undefined {
  if (!isHello(message)) return undefined;
  const { control, data = channel, version } = message;
  if (data === undefined) return undefined;
  const { lifeLock } = services;
  const answer = { kind: 'hello', version: PROTOCOL_VERSION, ...(lifeLock && { lifeLock }) };
  data.postMessage(answer, []);
  return version === PROTOCOL_VERSION ? new Connection(services, data, control) : undefined;
}
