/** A service worker that appends what it is told to, as one that hears of a push would. */
import { isVarveError, openAppender } from 'varve/service-worker';

/** What is used of the events; this folder is compiled with a page's types. */
interface Told extends MessageEvent<{ readonly store: string; readonly values: unknown[] }> {
  waitUntil(work: Promise<unknown>): void;
}

addEventListener('message', (event) => {
  const { data, ports, waitUntil } = event as Told;
  const [answer] = ports;
  const append = async (): Promise<unknown> => {
    const appender = await openAppender(data.store);
    const receipts = await Promise.all(data.values.map((value) => appender.append(value)));
    await appender.close();
    return receipts;
  };
  waitUntil.call(
    event,
    append()
      .catch((error: unknown) => (isVarveError(error) ? error.code : String(error)))
      .then((result) => answer?.postMessage(result)),
  );
});
