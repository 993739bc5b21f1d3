/** A tab that stood still while it waited for the file, and to which the lock belongs no more. */
import type { HeldLock, Host, SyncFile } from '@varve/files';
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import type { StoreStatus } from '@varve/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { RawClient, testServices } from './test/raw-client.ts';

const clients: RawClient[] = [];

function origin(): Host {
  return createMemoryHost({ channels: new MemoryChannels() });
}

function tab(host: Host): RawClient {
  const client = new RawClient(testServices(host));
  clients.push(client);
  return client;
}

async function opened(host: Host, wishes = {}): Promise<RawClient> {
  const client = tab(host);
  expect(await client.open('store', wishes)).toMatchObject({ ok: true });
  return client;
}

async function statusOf(client: RawClient): Promise<StoreStatus> {
  const answer = await client.call('status');
  if (!answer.ok) throw new Error(answer.error.code);
  return answer.value as StoreStatus;
}

afterEach(async () => {
  for (const client of clients.splice(0)) {
    await client.call('close').catch(() => undefined);
    client.close();
  }
});

describe('a tab whose lock is taken while it waits for the file', () => {
  const thief = async (host: Host): Promise<HeldLock> =>
    (await host.locks.acquire('varve:store', { steal: true }))!;

  async function journal(host: Host): Promise<SyncFile> {
    const directory = await host.root.directory('store', { create: false });
    return directory!.openFile('journal', { create: false });
  }

  /** Longer than anybody waits between two looks at the file. */
  const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

  test('and is new here, leaves the file alone and stands in line', async () => {
    const host = origin();
    const before = await opened(host);
    const { generation } = await statusOf(before);
    await before.call('close');
    const file = await journal(host);
    const late = tab(host);
    const opening = late.open('store', { busyTimeoutMs: 10_000 });
    await aWhile();
    const lock = await thief(host);
    file.close();
    await aWhile();
    lock.release();
    expect(await opening).toMatchObject({ ok: true });
    expect(await statusOf(late)).toMatchObject({ role: 'leader', generation: generation + 1 });
  });

  test('and follows, goes on following and stands in line', async () => {
    const host = origin();
    const [first, second] = [await opened(host), await opened(host)];
    const { generation } = await statusOf(first);
    const earlier = await thief(host);
    await aWhile();
    const file = await journal(host);
    earlier.release();
    await aWhile();
    const lock = await thief(host);
    file.close();
    await aWhile();
    lock.release();
    for (const [at, client] of [first, second].entries()) {
      client.append(1, 'still here');
      expect(await client.expect('appended', 1)).toMatchObject({ firstLsn: at + 1 });
    }
    expect(await statusOf(first)).toMatchObject({ generation: generation + 1 });
  });
});
