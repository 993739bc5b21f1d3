/**
 * Control calls of one client: what comlink exposes, with a guard in front of it.
 *
 * Always true: only `call` can be reached (comlink alone would let a message get, set or construct
 * anything); every answer is a value or a {@link WireError}, never comlink's own error.
 */
import { expose, transfer } from 'comlink';
import type { Endpoint } from 'comlink';
import { toWire, validateControlEnvelope } from '@varve/protocol';
import type {
  CallTable,
  ControlAnswer,
  ControlCalls,
  ControlRoot,
  Port,
  Validated,
  VarveError,
} from '@varve/protocol';
import { buffersIn } from './buffers-in.ts';

/** The calls, each with its result now or later. */
export type HandlersOf<C extends CallTable<C>> = {
  readonly [M in keyof C]: (
    ...args: Parameters<C[M]>
  ) => ReturnType<C[M]> | Promise<ReturnType<C[M]>>;
};

export type ControlHandlers = HandlersOf<ControlCalls>;

export function exposeControl<M extends string>(
  port: Port,
  validate: (
    request: unknown,
  ) => Validated<{ readonly method: M; readonly args: readonly unknown[] }>,
  handlers: { readonly [N in M]: (...args: never[]) => unknown },
  onBadMessage: (wrong: string) => VarveError,
  onGoodMessage: () => void,
  onReleased: () => void,
): void {
  const call = async (request: unknown): Promise<ControlAnswer<unknown>> => {
    try {
      const validated = validate(request);
      if ('wrong' in validated) throw onBadMessage(validated.wrong);
      onGoodMessage();
      const { method, args } = validated.value;
      const handler = handlers[method] as (...args: readonly unknown[]) => unknown;
      const value = await handler(...args);
      return transfer({ ok: true, value }, buffersIn(value));
    } catch (error) {
      return { ok: false, error: toWire(error) };
    }
  };
  const root: ControlRoot = { call };
  expose(root, guarded(port, onBadMessage, onReleased));
}

/** The port as comlink sees it: only well-formed envelopes arrive. */
function guarded(
  port: Port,
  onBadMessage: (wrong: string) => VarveError,
  onReleased: () => void,
): Endpoint {
  const wrappers = new Map<unknown, (event: { readonly data?: unknown }) => void>();
  return {
    postMessage: (message, buffers) => port.postMessage(message, buffers as ArrayBuffer[]),
    addEventListener(type, listener) {
      const wrapper = (event: { readonly data?: unknown }): void => {
        const validated = validateControlEnvelope(event.data);
        if ('value' in validated) {
          deliver(listener, event as MessageEvent);
          if (validated.value.isRelease) onReleased();
          return;
        }
        const error = toWire(onBadMessage(validated.wrong));
        const { id } = (event.data ?? {}) as { readonly id?: unknown };
        if (typeof id === 'string') {
          port.postMessage({ id, type: 'RAW', value: { ok: false, error } }, []);
        }
      };
      wrappers.set(listener, wrapper);
      port.addEventListener(type, wrapper);
    },
    removeEventListener(type, listener) {
      const wrapper = wrappers.get(listener);
      if (wrapper !== undefined) port.removeEventListener(type, wrapper);
    },
    start: () => port.start?.(),
  };
}

function deliver(listener: EventListenerOrEventListenerObject, event: Event): void {
  if (typeof listener === 'function') listener(event);
  else listener.handleEvent(event);
}
