/**
 * The first message of a client, and the answer to it.
 *
 * Always true: a client of another version gets our version and nothing more: it tells its user, we
 * keep the store.
 */
import { PROTOCOL_VERSION } from '@varve/protocol';
import type { Hello, Port } from '@varve/protocol';

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
 * Answers a hello; anything else is somebody else's message. `channel` is the worker's own.
 *
 * @returns the client's ports, if it is of our version
 */
export function answerHello(
  message: unknown,
  lifeLock: string | undefined,
  channel?: Port,
): { readonly control: Port; readonly data: Port } | undefined {
  if (!isHello(message)) return undefined;
  const { control, data = channel, version } = message;
  if (data === undefined) return undefined;
  const answer = { kind: 'hello', version: PROTOCOL_VERSION, ...(lifeLock && { lifeLock }) };
  data.postMessage(answer, []);
  return version === PROTOCOL_VERSION ? { control, data } : undefined;
}
