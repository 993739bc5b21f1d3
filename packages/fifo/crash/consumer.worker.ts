/** Takes so many records, settles each, and tells the sum of their bytes. */
import { RingConsumer } from '../src/index.ts';

addEventListener(
  'message',
  ({ data }: MessageEvent<{ memory: SharedArrayBuffer; records: number }>) => {
    void sum(data.memory, data.records).then((bytes) => postMessage(bytes));
  },
);

async function sum(memory: SharedArrayBuffer, records: number): Promise<number> {
  const consumer = new RingConsumer(memory);
  const copy = new Uint8Array(memory.byteLength);
  let bytes = 0;
  for (let record = 0; record < records; record++) {
    let length = consumer.next();
    for (; length < 0; length = consumer.next()) await consumer.wait(30_000);
    consumer.settle(consumer.take(copy));
    for (let at = 0; at < length; at++) bytes = (bytes + copy[at]!) | 0;
  }
  return bytes;
}
