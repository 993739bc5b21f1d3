/**
 * The introducer's entry: a `SharedWorker` of module type, one self-contained file.
 *
 * Always true: a page's connection brings ports of that page's workers, and is told once which lock is
 * held as long as this runs, so that the page learns of our end.
 */
import { Introducer, type Tell } from './introducer.ts';

const introducer = new Introducer<MessagePort>(() => {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
});

const life = `varve-introducer:${crypto.randomUUID()}`;
const held = new Promise<void>((resolve, reject) => {
  const forever = (): Promise<never> => {
    resolve();
    return new Promise(() => undefined);
  };
  navigator.locks.request(life, forever).catch(reject);
});

addEventListener('connect', (event) => {
  const [page] = (event as MessageEvent).ports;
  page!.onmessage = ({ ports }: MessageEvent<unknown>) => ports.forEach(serve);
  held.then(
    () => page!.postMessage(life),
    // Without locks nobody is told of our end.
    () => undefined,
  );
});

function serve(context: MessagePort): void {
  const tell: Tell<MessagePort> = (name, end) => context.postMessage({ name, port: end }, [end]);
  context.addEventListener('message', ({ data }: MessageEvent<unknown>) =>
    introducer.hear(tell, data),
  );
  // Told by some browsers only: elsewhere what it left makes room in its turn.
  context.addEventListener('close', () => introducer.forget(tell));
  context.start();
}
