/**
 * Listens in a browser's worker. The listener stands before anything is awaited: a message that
 * finds none is lost.
 */
import type { Port } from '@varve/protocol';
import { isHello } from './hello.ts';
import type { EngineServices } from './services.ts';

/** The worker's own channel, as a port. Closing it ends the worker. */
const channel: Port = {
  postMessage: (message, transfer) => postMessage(message, { transfer }),
  addEventListener: (type, listener) => addEventListener(type, listener as EventListener),
  removeEventListener: (type, listener) => removeEventListener(type, listener as EventListener),
  close: () => close(),
};

export function serve(
  createServices: () => Promise<EngineServices>,
  receive: (services: EngineServices, hello: unknown, channel: Port) => unknown,
): void {
  let services: Promise<EngineServices> | undefined;
  addEventListener('message', ({ data }: MessageEvent) => {
    if (!isHello(data)) return;
    services ??= createServices();
    void services.then((ready) => receive(ready, data, channel));
  });
}
