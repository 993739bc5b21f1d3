/** The introducer's entry: a `SharedWorker` of module type, one self-contained file. */
import { Introducer, type Tell } from './introducer.ts';

const introducer = new Introducer<MessagePort>(() => {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
});

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  const tell: Tell<MessagePort> = (name, end) => port!.postMessage({ name, port: end }, [end]);
  port!.addEventListener('message', ({ data }: MessageEvent<unknown>) =>
    introducer.hear(tell, data),
  );
  // Told by some browsers only: elsewhere what it left makes room in its turn.
  port!.addEventListener('close', () => introducer.forget(tell));
  port!.start();
});
