import { afterAll, expect, test } from 'vitest';
import { bytesCodec } from './codec/index.ts';
import { openLog } from './index.ts';
import type { Log, OpenLogOptions, Transport } from './index.ts';
import { ring } from './ring.ts';
import { deleteStore } from './stores.ts';
import { checkOrder } from './test/append-order.ts';

const names: string[] = [];

function open(options: OpenLogOptions<Uint8Array> = {}): Promise<Log<Uint8Array>> {
  const name = `ring-${Date.now()}-${names.length}`;
  names.push(name);
  return openLog(name, {
    codec: bytesCodec,
    segmentSizeBytes: 256 * 1024,
    transport: ring(),
    ...options,
  });
}

afterAll(async () => {
  for (const name of names) await deleteStore(name);
});

/** How many appends go by message. */
function counted(): { readonly transport: Transport; byMessage: number } {
  const counter = {
    byMessage: 0,
    transport: ((port, ended) => {
      const outer = ring()!(
        {
          get onmessage() {
            return port.onmessage;
          },
          set onmessage(listener) {
            port.onmessage = listener;
          },
          postMessage(message, transfer) {
            if ((message as { kind: string }).kind === 'append') counter.byMessage++;
            port.postMessage(message, transfer);
          },
        },
        ended,
      );
      return outer;
    }) satisfies Transport,
  };
  return counter;
}

test('in an isolated page small appends go by ring, one after the other', async () => {
  const counter = counted();
  const log = await open({ transport: counter.transport });
  for (let lsn = 1; lsn <= 200; lsn++) {
    expect(await log.append(new Uint8Array([lsn]))).toBe(lsn);
  }
  expect(counter.byMessage).toBeLessThan(10);
  await log.close();
});

test('in a page, by ring: appends of any size keep the order of their calls', async () => {
  await checkOrder(() => open(), 8);
});

test('a page that never stops appending starves no timer: what is relaxed is flushed in time', async () => {
  const log = await open({ durability: 'relaxed', relaxed: { ms: 50 } });
  let count = 0;
  const endMs = performance.now() + 10_000;
  while (log.status().durableLsn < 3 && performance.now() < endMs) {
    await log.append(new Uint8Array([count++]));
  }
  expect(log.status().durableLsn).toBeGreaterThanOrEqual(3);
  await log.close();
});

test('a tail beside it hears every append, while they go by ring', async () => {
  const log = await open();
  const heard: number[] = [];
  const tail = (async () => {
    for await (const { lsn } of log.tail()) {
      heard.push(lsn);
      if (lsn === 300) return;
    }
  })();
  for (let each = 0; each < 300; each++) await log.append(new Uint8Array([each]));
  await tail;
  expect(heard).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
  await log.close();
});
