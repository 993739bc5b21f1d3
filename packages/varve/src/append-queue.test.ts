import type { AppendMessage, ToClient } from '@varve/protocol';
import {
  CLONED_BYTES_MAX,
  newRecordFrame,
  readRecordFrame,
  toWire,
  VarveError,
} from '@varve/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { appendQueue } from './append-queue.ts';
import type { AppendCall } from './append-queue.ts';
import { newCalls } from './calls.ts';
import { dataLink } from './data-link.ts';

const ports: MessagePort[] = [];

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** An engine that answers when it is told to. */
function connect(queueBytes = 1_000_000, deadlineMs = 60_000) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const calls = newCalls(deadlineMs);
  const queue = appendQueue(dataLink(port1, calls), queueBytes, () => undefined);
  const received: AppendMessage[] = [];
  port2.onmessage = ({ data }: { data: AppendMessage }) => received.push(data);
  let lsn = 0;
  const answer = (message: ToClient, transfer: ArrayBuffer[]): void =>
    port2.postMessage(message, transfer);
  /** Acknowledges the oldest message, or all but its first `refused` groups. */
  const acknowledge = (groupsRefused = 0): number[] => {
    const { id, buffer, length, groups } = received.shift()!;
    const sizes: number[] = [];
    const frame = newRecordFrame();
    const bytes = new Uint8Array(buffer);
    for (let at = 0; at < length;) {
      at = readRecordFrame(bytes, at, length, frame);
      expect(at).toBeGreaterThan(0);
      sizes.push(frame.payloadEnd - frame.payloadStart);
    }
    const firstLsn = lsn + 1;
    lsn += sizes.length;
    const refusal = groupsRefused > 0 && { refusal: toWire(new VarveError('STORE_FULL')) };
    const taken = (groups?.length ?? 1) - groupsRefused;
    const back = buffer.byteLength > CLONED_BYTES_MAX && { buffer };
    answer(
      { kind: 'appended', id, firstLsn, groups: taken, ...back, ...refusal },
      back ? [buffer] : [],
    );
    return sizes;
  };
  const answerLast = (facts: { firstLsn: number; groups: number; groupLsns: number[] }): void =>
    answer({ kind: 'appended', id: received.shift()!.id, ...facts }, []);
  return { queue, received, acknowledge, answerLast, calls };
}

function call(size: number, more: Partial<AppendCall> = {}): AppendCall {
  const payloads = [new Uint8Array(size)];
  const none = { durability: undefined, expect: undefined, signal: undefined };
  return { payloads, type: 64, channel: 0, ...none, ...more };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Messages take their time on a busy machine; what must not come is waited for in turns. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

describe('the append queue', () => {
  test('groups between which others have appended, after a failover, have each their own LSN', async () => {
    const { queue, received, answerLast } = connect();
    const [first, second, third] = [2, 1, 1].map((records) =>
      queue.append(call(8, { payloads: Array.from({ length: records }, () => new Uint8Array(8)) })),
    );
    await until(() => received.length > 0);
    answerLast({ firstLsn: 5, groups: 3, groupLsns: [5, 11, 12] });
    expect(await Promise.all([first, second, third])).toEqual([5, 11, 12]);
  });

  test('what is issued together travels together; at most two messages are in flight', async () => {
    const { queue, received, acknowledge } = connect();
    const first = Promise.all([1, 2, 3].map((size) => queue.append(call(size))));
    await turn();
    expect(received).toHaveLength(1);
    const rest: Promise<number>[] = [];
    for (let size = 4; size < 10; size++) {
      rest.push(queue.append(call(size)));
      await until(() => received.length > 1);
      await turn();
    }
    expect(received).toHaveLength(2);
    expect(acknowledge()).toEqual([1, 2, 3]);
    expect(await first).toEqual([1, 2, 3]);
    await until(() => received.length > 0);
    expect(acknowledge()).toEqual([4]);
    await until(() => received.length > 0);
    expect(acknowledge()).toEqual([5, 6, 7, 8, 9]);
    expect(await Promise.all(rest)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(queue).toMatchObject({ waitingBytes: 0, waitingAppends: 0 });
  });

  test('whatever is issued arrives in order, each with its own LSN', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
        async (all, kinds) => {
          const { queue, received, acknowledge } = connect();
          const lsns = all.map((size, index) =>
            queue.append(call(size, { durability: kinds[index] ? 'strict' : 'relaxed' })),
          );
          const arrived: number[] = [];
          while (queue.waitingAppends > 0) {
            await turn();
            if (received.length > 0) arrived.push(...acknowledge());
          }
          expect(arrived).toEqual(all);
          expect(await Promise.all(lsns)).toEqual(all.map((_, index) => index + 1));
        },
      ),
      { numRuns: 15 },
    );
  });

  test('thousands of messages that cannot be merged take memory for what they hold', () => {
    const { queue } = connect();
    for (let i = 0; i < 5000; i++)
      void queue.append(call(10, { expect: i })).catch(() => undefined);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(200 * 1024 * 1024);
  });

  test('a small message is sent with its own bytes alone, a large one with a buffer that is used again', async () => {
    const { queue, received, acknowledge } = connect();
    const spare: number[] = [];
    for (const size of [10, 100_000, 20, 50_000]) {
      const appended = queue.append(call(size));
      await until(() => received.length > 0);
      const { buffer, length } = received[0]!;
      spare.push(buffer.byteLength - length);
      acknowledge();
      await appended;
    }
    expect(spare).toEqual([0, 0, 0, 50_000]);
  });

  test('a refusal in the middle of a message is told to those it concerns', async () => {
    const { queue, received, acknowledge } = connect();
    const results = Promise.allSettled([1, 2, 3].map((size) => queue.append(call(size))));
    await until(() => received.length > 0);
    acknowledge(2);
    expect(await results).toMatchObject([
      { value: 1 },
      { reason: { code: 'STORE_FULL' } },
      { reason: { code: 'STORE_FULL' } },
    ]);
  });

  test('an engine that never answers: TIMEOUT, outcome unknown; what follows goes on', async () => {
    const { queue, received, acknowledge } = connect(1_000_000, 1_000);
    await expect(queue.append(call(1))).rejects.toMatchObject({
      code: 'TIMEOUT',
      outcome: 'unknown',
    });
    await until(() => received.length > 0);
    received.shift();
    const next = queue.append(call(2));
    await until(() => received.length > 0);
    acknowledge();
    expect(await next).toBe(1);
  });

  test('when the engine ends, what was sent is unknown and what was not is not written', async () => {
    const { queue, received, calls } = connect();
    const sent = [queue.append(call(1))];
    await until(() => received.length === 1);
    sent.push(queue.append(call(2)));
    await until(() => received.length === 2);
    const unsent = queue.append(call(3));
    calls.end(new VarveError('WORKER_DIED', undefined, { outcome: 'unknown' }));
    for (const promise of sent) await expect(promise).rejects.toMatchObject({ outcome: 'unknown' });
    await expect(unsent).rejects.toMatchObject({ code: 'WORKER_DIED', outcome: 'not-written' });
    await queue.drained();
  });
});
