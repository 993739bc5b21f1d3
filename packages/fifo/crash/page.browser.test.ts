import { expect, test } from 'vitest';
import { createRing, RingProducer } from '../src/index.ts';

const RECORDS = 20_000;

test('records cross from a page to a worker, and what is settled comes back', async () => {
  expect(crossOriginIsolated, 'the test page is cross-origin isolated').toBe(true);
  const worker = new Worker(new URL('./consumer.worker.ts', import.meta.url), {
    type: 'module',
  });
  try {
    const told = new Promise<number>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    const memory = createRing(4096);
    worker.postMessage({ memory, records: RECORDS });
    const producer = new RingProducer(memory);
    let sum = 0;
    let place = producer.durable;
    for (let record = 0; record < RECORDS; record++) {
      const length = 1 + (record % 97);
      let entry = producer.reserve(length);
      for (; !entry; entry = producer.reserve(length)) await producer.room(30_000);
      entry.bytes.fill(record);
      sum = (sum + length * (record & 0xff)) | 0;
      place = entry.commit();
    }
    for (let seen = producer.durable; seen !== place; seen = producer.durable) {
      await producer.settled(seen, 30_000);
    }
    expect(await told).toBe(sum);
    expect(producer.stalls).toBeGreaterThan(0);
    expect(producer.wakeUps).toBeLessThan(RECORDS);
  } finally {
    worker.terminate();
  }
});
