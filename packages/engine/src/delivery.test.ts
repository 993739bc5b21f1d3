/** Appending from a context that can own no store: by the leader, or by the inbox. */
import type { Channels, Host } from '@varve/files';
import { createMemoryHost, MemoryChannels, MemoryInbox } from '@varve/files/memory';
import type { AppendedMessage } from '@varve/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { Delivery, type DeliveryHost } from './delivery.ts';
import { RawClient, frameOf, testServices } from './test/raw-client.ts';

const clients: RawClient[] = [];
const deliveries: Delivery[] = [];

type Origin = Host & DeliveryHost;

function origin(): Origin {
  const [channels, inbox] = [new MemoryChannels(), new MemoryInbox()];
  return { ...createMemoryHost({ channels, inbox }), channels, inbox };
}

async function opened(host: Host): Promise<RawClient> {
  const client = new RawClient(testServices(host));
  clients.push(client);
  expect(await client.open('store')).toMatchObject({ ok: true });
  return client;
}

function deliveryOn(host: DeliveryHost, leaderTimeoutMs = 400): Delivery {
  const delivery = new Delivery(host, 'store', { durability: 'strict', leaderTimeoutMs });
  deliveries.push(delivery);
  return delivery;
}

const append = (delivery: Delivery, text: string): Promise<AppendedMessage> => {
  const frames = frameOf(text);
  return delivery.append({ kind: 'append', id: 7, buffer: frames.buffer, length: frames.length });
};

const IN_INBOX = { id: 7, firstLsn: 0, groups: 1, groupLsns: [0] };

/** The texts in the log, as this client reads them. */
async function texts(client: RawClient, id: number): Promise<string[]> {
  client.send({ kind: 'read', id, reader: id, after: 0, maxBytes: 100_000 });
  const { bytes, heads } = await client.expect('chunk', id);
  const found: string[] = [];
  for (let at = 0; at < heads.length; at += 4)
    found.push(new TextDecoder().decode(bytes.subarray(heads[at + 2], heads[at + 3])));
  return found;
}

afterEach(async () => {
  for (const delivery of deliveries.splice(0)) delivery.close();
  for (const client of clients.splice(0)) {
    await client.call('close').catch(() => undefined);
    client.close();
  }
});

test('a tab is open: the record goes through it, and gets its LSN', async () => {
  const host = origin();
  const leader = await opened(host);
  const delivery = deliveryOn(host);
  expect(await append(delivery, 'one')).toMatchObject({ firstLsn: 1, groups: 1 });
  expect(await append(delivery, 'two')).toMatchObject({ firstLsn: 2 });
  expect(await texts(leader, 9)).toEqual(['one', 'two']);
  expect(await host.inbox.take('store', 10)).toEqual([]);
});

const appendKeyed = (delivery: Delivery, text: string, key: string): Promise<AppendedMessage> => {
  const { buffer, length } = frameOf(text);
  return delivery.append({ kind: 'append', id: 7, buffer, length, key });
};

describe('a key', () => {
  test('names one record, by the leader, by the inbox and again by the next leader', async () => {
    const host = origin();
    const leader = await opened(host);
    const delivery = deliveryOn(host);
    expect(await appendKeyed(delivery, 'one', 'k1')).toMatchObject({ firstLsn: 1 });
    expect(await appendKeyed(delivery, 'one', 'k1')).toMatchObject({ firstLsn: 1 });
    await expect(appendKeyed(delivery, 'other', 'k1')).rejects.toMatchObject({
      code: 'KEY_REUSED',
      facts: { lsn: 1 },
    });
    await leader.call('close');
    for (const [text, key] of [
      ['one', 'k1'],
      ['two', 'k2'],
      ['two', 'k2'],
      ['other', 'k2'],
    ] as const)
      expect(await appendKeyed(delivery, text, key)).toMatchObject(IN_INBOX);
    await expect(appendKeyed(delivery, 'x', '')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    const next = await opened(host);
    await expect.poll(() => host.inbox.take('store', 10)).toEqual([]);
    expect(await texts(next, 9)).toEqual(['one', 'two']);
    const told = next.received.flatMap((message) =>
      message.kind === 'status' ? message.events.filter(({ type }) => type === 'inbox') : [],
    );
    expect(told.flatMap(({ detail }) => (detail as { dropped: string[] }).dropped)).toEqual([
      'KEY_REUSED',
    ]);
    expect(await appendKeyed(delivery, 'two', 'k2')).toMatchObject({ firstLsn: 2 });
  });
});

describe('no tab is open', () => {
  test('the record is in the inbox at once; the next tab has it once, and says so', async () => {
    const host = origin();
    const delivery = deliveryOn(host, 60_000);
    expect(await append(delivery, 'one')).toMatchObject(IN_INBOX);
    expect(await append(delivery, 'two')).toMatchObject(IN_INBOX);
    delivery.close();
    const first = await opened(host);
    await expect.poll(() => host.inbox.take('store', 10)).toEqual([]);
    expect(await texts(first, 9)).toEqual(['one', 'two']);
    const told = (): unknown[] =>
      first.received.flatMap((message) => (message.kind === 'status' ? message.events : []));
    await expect.poll(told).toContainEqual({ type: 'inbox', detail: { appended: 2, dropped: [] } });
    await first.call('close');
    const second = await opened(host);
    expect(await texts(second, 9)).toEqual(['one', 'two']);
  });

  test('a tab that opens later is found: what follows goes through it', async () => {
    const host = origin();
    const delivery = deliveryOn(host);
    expect(await append(delivery, 'one')).toMatchObject(IN_INBOX);
    const leader = await opened(host);
    await expect.poll(async () => (await append(delivery, 'more')).firstLsn).toBeGreaterThan(0);
    await expect.poll(() => host.inbox.take('store', 10)).toEqual([]);
    expect((await texts(leader, 9)).filter((text) => text === 'one')).toEqual(['one']);
  });

  test('a full inbox is OVERLOADED, and nothing was written', async () => {
    const host = origin();
    const inbox = { ...host.inbox, put: async () => false };
    const delivery = deliveryOn({ ...host, inbox });
    await expect(append(delivery, 'one')).rejects.toMatchObject({
      code: 'OVERLOADED',
      outcome: 'not-written',
    });
  });

  test('an inbox that cannot be written is an error, and nobody knows', async () => {
    const host = origin();
    const put = async (): Promise<never> => {
      throw new DOMException('', 'QuotaExceededError');
    };
    const delivery = deliveryOn({ ...host, inbox: { ...host.inbox, put } });
    await expect(append(delivery, 'one')).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      outcome: 'unknown',
    });
  });
});

describe('a tab that stands still', () => {
  test('is waited for, not for ever; what was put beside it is taken by whoever leads next', async () => {
    const host = origin();
    const lock = await host.locks.acquire('varve:store');
    const delivery = deliveryOn(host);
    expect(await append(delivery, 'one')).toMatchObject(IN_INBOX);
    // Nothing waits a second time.
    expect(await append(delivery, 'two')).toMatchObject(IN_INBOX);
    lock!.release();
    const leader = await opened(host);
    await expect.poll(() => host.inbox.take('store', 10)).toEqual([]);
    expect(await texts(leader, 9)).toEqual(['one', 'two']);
  });

  test.each([1, 2])(
    'having appended what its answer never told: the entry that follows changes nothing (%i)',
    async (count) => {
      const host = origin();
      const leader = await opened(host);
      // From the welcome on, nothing that the leader says is heard.
      let isDeaf = false;
      const channels: Channels = {
        open: (name, hear) =>
          host.channels.open(name, (message) => {
            if (isDeaf) return;
            hear(message);
            const { body } = message as { readonly body?: { readonly kind?: string } };
            if (body?.kind === 'welcome') isDeaf = true;
          }),
      };
      const delivery = deliveryOn({ ...host, channels });
      const names = ['one', 'two'].slice(0, count);
      const answers = await Promise.all(names.map((text) => append(delivery, text)));
      for (const answer of answers) expect(answer).toMatchObject(IN_INBOX);
      await expect.poll(() => host.inbox.take('store', 10)).toEqual([]);
      expect(await texts(leader, 9)).toEqual(names);
      const told = leader.received.flatMap((message) =>
        message.kind === 'status' ? message.events.filter(({ type }) => type === 'inbox') : [],
      );
      expect(JSON.stringify(told)).not.toContain('OUTCOME_UNKNOWN');
    },
  );
});

test('what the leader refuses is refused, and does not go into the inbox', async () => {
  const host = origin();
  await opened(host);
  const delivery = deliveryOn(host);
  await expect(append(delivery, 'x'.repeat(1024 * 1024 + 1))).rejects.toMatchObject({
    code: 'RECORD_TOO_LARGE',
    outcome: 'not-written',
  });
  expect(await host.inbox.take('store', 10)).toEqual([]);
});

test('after its end it takes nothing', async () => {
  const delivery = deliveryOn(origin());
  delivery.close();
  await expect(append(delivery, 'one')).rejects.toMatchObject({ code: 'CLOSED' });
});

test('deleting a store deletes what waits for it', async () => {
  const host = origin();
  const delivery = deliveryOn(host);
  await append(delivery, 'one');
  const other = new RawClient(testServices(host));
  clients.push(other);
  expect(await other.call('deleteStore', 'store')).toMatchObject({ ok: true });
  expect(await host.inbox.take('store', 10)).toEqual([]);
});
