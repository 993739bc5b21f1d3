/** A follower has sent the end of a stream, and the leader goes before it answers: the next one knows. */
import type { Host } from '@varve/files';
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import { openStore } from '@varve/journal';
import { VarveError } from '@varve/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { RawClient, frameOf, testServices } from './test/raw-client.ts';

const TORN = new VarveError('IO_ERROR', 'made up', { outcome: 'unknown' });
const HEAD = new Uint8Array([70, 0, 0, 0]);

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

/** As its tab is torn down: its answers to the ends of streams are lost, with or without their records. */
function torn(host: Host, isCommitted: boolean): ReturnType<typeof testServices> {
  return {
    ...testServices(host),
    async openStore(...args) {
      const store = await openStore(...args);
      const openUnit = store.openUnit.bind(store);
      store.openUnit = async () => {
        const unit = await openUnit();
        return {
          write: (bytes) => unit.write(bytes),
          abort: () => unit.abort(),
          commit: async (record) => {
            if (isCommitted) await unit.commit(record);
            throw TORN;
          },
        };
      };
      return store;
    },
  };
}

async function streamEnded(client: RawClient): Promise<void> {
  const stream = await client.call('openUnit');
  if (!stream.ok) throw new Error('openUnit failed');
  await client.call('write', stream.value, new Uint8Array(5000).fill(3));
  client.send({ kind: 'append', id: 5, buffer: HEAD.buffer, length: 4, stream: stream.value });
  await client.call('status');
}

describe.each([
  { who: 'by the one that leads next', isNext: true },
  { who: 'by one that goes on following', isNext: false },
])('asked $who', ({ isNext }) => {
  async function afterDeath(isCommitted: boolean): Promise<RawClient> {
    const host = createMemoryHost({ channels: new MemoryChannels() });
    const leader = await opened(torn(host, isCommitted));
    const followers = [await opened(testServices(host)), await opened(testServices(host))];
    const asker = followers[isNext ? 0 : 1]!;
    await streamEnded(asker);
    await leader.call('close');
    return asker;
  }

  test('the record is in the log: it has its LSN, and is there once', async () => {
    const asker = await afterDeath(true);
    expect(await asker.expect('appended', 5)).toMatchObject({ firstLsn: 1, groups: 1 });
    asker.append(6, 'next');
    expect(await asker.expect('appended', 6)).toMatchObject({ firstLsn: 2 });
  });

  test('the record is not: LEADER_LOST, not written, and nothing of it comes later', async () => {
    const asker = await afterDeath(false);
    expect(await asker.expect('failed', 5)).toMatchObject({
      error: { code: 'LEADER_LOST', outcome: 'not-written' },
    });
    asker.append(6, 'next');
    expect(await asker.expect('appended', 6)).toMatchObject({ firstLsn: 1 });
  });
});

test('a stream that was open when the store was parked is no other one that is opened after it', async () => {
  const host = createMemoryHost({ channels: new MemoryChannels() });
  await opened(testServices(host));
  const follower = await opened(testServices(host));
  const before = await follower.call('openUnit');
  await follower.call('park');
  const after = await follower.call('openUnit');
  if (!before.ok || !after.ok) throw new Error('openUnit failed');
  await follower.call('write', after.value, new Uint8Array(5000).fill(4));
  const lost = { error: { code: 'LEADER_LOST', outcome: 'not-written' } };
  expect(await follower.call('write', before.value, new Uint8Array(9))).toMatchObject(lost);
  for (const [id, { value: stream }] of [before, after].entries())
    follower.send({ kind: 'append', id, buffer: HEAD.buffer, length: 4, stream });
  expect(await follower.expect('failed', 0)).toMatchObject(lost);
  expect(await follower.expect('appended', 1)).toMatchObject({ firstLsn: 1, groups: 1 });
});

test('the leader that has the stream open is asked over a new link: what it does not have yet may still come', async () => {
  const channels = new MemoryChannels();
  const host = createMemoryHost({ channels });
  let isLost = false;
  await opened(testServices(host));
  const follower = await opened(
    testServices({
      ...host,
      channels: {
        open: (name, hear) => {
          const channel = channels.open(name, hear);
          return {
            post: (message) => {
              const { kind } = (message as { body?: { kind?: string } }).body ?? {};
              if (!isLost && kind === 'append') isLost = true;
              else channel.post(message);
            },
            close: () => channel.close(),
          };
        },
      },
    }),
  );
  await streamEnded(follower);
  expect(await follower.expect('failed', 5)).toMatchObject({
    error: { code: 'LEADER_LOST', outcome: 'unknown' },
  });
  expect(isLost).toBe(true);
});

test('a page cannot ask so: a stream that is not open is BAD_MESSAGE', async () => {
  const client = await opened(testServices());
  client.send({ kind: 'append', id: 1, buffer: HEAD.buffer, length: 4, stream: 0 });
  expect(await client.expect('failed', 1)).toMatchObject({
    error: { code: 'BAD_MESSAGE', outcome: 'not-written' },
  });
  client.send({ kind: 'append', id: 2, buffer: frameOf('x').buffer, length: frameOf('x').length });
  expect(await client.expect('appended', 2)).toMatchObject({ firstLsn: 1 });
});
