/**
 * Listens in a browser's worker. The listener stands before anything is awaited: a message that
 * finds none is lost.
 */
import { receiveHello } from './engine.ts';
import type { EngineServices } from './services.ts';

export function serve(createServices: () => Promise<EngineServices>): void {
  let services: Promise<EngineServices> | undefined;
  addEventListener('message', (event: MessageEvent) => {
    services ??= createServices();
    void services.then((ready) => receiveHello(ready, event.data));
  });
}
