/** A page parks while it waits for a leader's answer, comes back, and its store cannot be opened. */
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import { openStore } from '@varve/journal';
import { VarveError } from '@varve/protocol';
import { afterEach, expect, test } from 'vitest';
import { RawClient, testServices } from './test/raw-client.ts';

const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    await client.call('close').catch(() => undefined);
    client.close();
  }
});

async function opened(services: ReturnType<typeof testServices>): Promise<RawClient> {
  const client = new RawClient(services);
  clients.push(client);
  expect(await client.open('store', { leaderTimeoutMs: 30_000 })).toMatchObject({ ok: true });
  return client;
}

test('whoever waited hears it with the call that tried; a reader of what is yet to come waits on', async () => {
  const host = createMemoryHost({ channels: new MemoryChannels() });
  const leader = await opened({
    ...testServices(host),
    async openStore(...args) {
      const store = await openStore(...args);
      store.append = () => new Promise(() => undefined);
      return store;
    },
  });
  let isBroken = true;
  const follower = await opened({
    ...testServices(host),
    openStore: async (...args) => {
      if (isBroken) throw new VarveError('IO_ERROR', 'made up');
      return openStore(...args);
    },
  });
  follower.append(1, 'one');
  follower.send({ kind: 'read', id: 2, reader: 1, after: 0, maxBytes: 1000, wait: true });
  expect(await follower.call('status')).toMatchObject({ ok: true });
  expect(await follower.call('park')).toMatchObject({ ok: true });
  await leader.call('close');
  expect(await follower.call('status')).toMatchObject({ error: { code: 'IO_ERROR' } });
  expect(await follower.expect('failed', 1)).toMatchObject({
    error: { code: 'IO_ERROR', outcome: 'unknown' },
  });
  isBroken = false;
  follower.append(3, 'three');
  expect(await follower.expect('appended', 3)).toMatchObject({ firstLsn: 1 });
  expect(await follower.expect('chunk', 2)).toMatchObject({ runs: [{ firstLsn: 1, count: 1 }] });
  expect(follower.received.filter(({ kind }) => kind === 'failed')).toHaveLength(1);
});
