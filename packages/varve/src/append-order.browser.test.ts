import { expect, test } from 'vitest';
import { bytesCodec } from './codec/index.ts';
import { openLog } from './index.ts';
import type { Log } from './index.ts';
import { deleteStore } from './stores.ts';
import { checkOrder, expectOrder, LARGE_THEN_SMALL } from './test/append-order.ts';

const names: string[] = [];

function open(): Promise<Log<Uint8Array>> {
  const name = `order-${Date.now()}-${names.length}`;
  names.push(name);
  return openLog(name, { codec: bytesCodec, segmentSizeBytes: 256 * 1024 });
}

test('in a page, a large append issued first comes first', async () => {
  const log = await open();
  await expectOrder(log, LARGE_THEN_SMALL);
  await log.close();
});

test('in a page, appends of any size keep the order of their calls', async () => {
  await checkOrder(open, 8);
  for (const name of names) await deleteStore(name);
  expect(names.length).toBeGreaterThan(1);
});
