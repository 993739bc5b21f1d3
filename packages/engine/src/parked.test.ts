/** A page parks while it waits for a leader's answer, and comes back. */
import type { Channels } from '@varve/files';
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import { openStore } from '@varve/journal';
import { VarveError } from '@varve/protocol';
import { afterEach, expect, test } from 'vitest';
import { frameOf, RawClient, testServices } from './test/raw-client.ts';

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

/** What followers say on their first link, from their first append on, is heard when it is let go. */
function slowFirstLink(all: Channels): { channels: Channels; held: (() => void)[] } {
  const held: (() => void)[] = [];
  let slow: string | undefined;
  const open: Channels['open'] = (name, hear) =>
    all.open(name, (message) => {
      const { body } = message as { body?: { kind: string } };
      if (body?.kind === 'append') slow ??= name;
      if (name === slow) held.push(() => hear(message));
      else hear(message);
    });
  return { channels: { open }, held };
}

test.each([
  ['answered', undefined],
  ['refused', 1],
])(
  'what was said on an older link, %s on a newer one, and heard after that, is not appended',
  async (_, expected) => {
    const host = createMemoryHost({ channels: new MemoryChannels() });
    const { channels, held } = slowFirstLink(host.channels!);
    const leader = await opened(testServices({ ...host, channels }));
    const follower = await opened(testServices(host));
    const { buffer, length } = frameOf('one');
    follower.send({ kind: 'append', id: 1, buffer, length, expect: expected });
    await expect.poll(() => held.length).toBeGreaterThan(0);
    await follower.call('park');
    await follower.call('status');
    if (expected === undefined) {
      expect(await follower.expect('appended', 1)).toMatchObject({ firstLsn: 1 });
      // Says that the first was answered, and leaves nothing in the log that the late one would be behind.
      follower.send({ kind: 'append', id: 2, buffer: frameOf('two').buffer, length, expect: 99 });
      await follower.expect('failed', 2);
    } else {
      expect(await follower.expect('failed', 1)).toMatchObject({
        error: { code: 'CONFLICT', outcome: 'not-written' },
      });
      leader.append(1, 'the leader’s');
      expect(await leader.expect('appended', 1)).toMatchObject({ firstLsn: 1 });
    }
    for (const hear of held) hear();
    leader.append(3, 'three');
    expect(await leader.expect('appended', 3)).toMatchObject({ firstLsn: 2 });
  },
);

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
