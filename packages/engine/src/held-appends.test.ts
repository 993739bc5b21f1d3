/** What a leader's page has appended is held for a turn, and the store goes to another tab meanwhile. */
import type { Host } from '@varve/files';
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import type { StoreStatus } from '@varve/protocol';
import { afterEach, expect, test } from 'vitest';
import { Gathering } from './gathering.ts';
import { RawClient, testServices } from './test/raw-client.ts';

const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    await client.call('close').catch(() => undefined);
    client.close();
  }
});

async function opened(host: Host, gathering?: Gathering): Promise<RawClient> {
  const client = new RawClient({ ...testServices(host), ...(gathering && { gathering }) });
  clients.push(client);
  expect(await client.open('store')).toMatchObject({ ok: true });
  return client;
}

async function roleOf(client: RawClient): Promise<string | undefined> {
  const answer = await client.call('status');
  return answer.ok ? (answer.value as StoreStatus).role : undefined;
}

/** A newer build asks for the store. */
async function stepDown(host: Host): Promise<void> {
  const stranger = { version: 99, member: 'ffffffffffffffff' };
  let member = '';
  const channel = host.channels!.open('tabs:store', (message) => {
    const said = message as { kind: string; member: string };
    if (said.kind === 'lead') member = said.member;
  });
  channel.post({ kind: 'seek', ...stranger });
  await expect.poll(() => member).not.toBe('');
  channel.post({ kind: 'stepDown', leader: member, ...stranger });
  channel.close();
}

/** A leader with one append in its log and one that is held until `turn()`, and its follower. */
async function held() {
  const host = createMemoryHost({ channels: new MemoryChannels() });
  let turn = (): void => undefined;
  let turns = 0;
  const gathering = new Gathering(() => {
    turns++;
    return new Promise((resolve) => (turn = resolve));
  });
  const leader = await opened(host, gathering);
  const follower = await opened(host);
  follower.append(1, 'one');
  await follower.expect('appended', 1);
  leader.append(2, 'two');
  await expect.poll(() => turns).toBe(1);
  return { host, leader, follower, turn: () => turn() };
}

test('its lock is taken: what is held goes to the next leader ahead of what comes later', async () => {
  const { host, leader, turn } = await held();
  const thief = await host.locks.acquire('varve:store', { steal: true });
  thief!.release();
  await expect.poll(() => roleOf(leader)).toBe('follower');
  leader.append(3, 'three');
  // It is known to have come when what is asked after it is answered.
  expect(await roleOf(leader)).toBe('follower');
  turn();
  expect(await leader.expect('appended', 2)).toMatchObject({ firstLsn: 2 });
  expect(await leader.expect('appended', 3)).toMatchObject({ firstLsn: 3 });
});

test('it gives the store to a newer build: what is held goes ahead of what comes later', async () => {
  const { host, leader, follower, turn } = await held();
  await stepDown(host);
  await expect.poll(() => roleOf(follower)).toBe('leader');
  leader.append(3, 'three');
  // It is known to have come when what is asked after it is answered.
  expect(await roleOf(leader)).toBe('follower');
  turn();
  expect(await leader.expect('appended', 2)).toMatchObject({ firstLsn: 2 });
  expect(await leader.expect('appended', 3)).toMatchObject({ firstLsn: 3 });
});

test('it gives the store to a newer build, and that takes long: what is asked meanwhile waits, and it is a member once', async () => {
  const host = createMemoryHost({ channels: new MemoryChannels() });
  let close = (): void => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  let members = 0;
  const channels: Host['channels'] = {
    open(name, hear) {
      const channel = host.channels!.open(name, hear);
      if (name === 'tabs:store') members++;
      return {
        post: (...said) => channel.post(...said),
        close() {
          if (name === 'tabs:store') members--;
          channel.close();
        },
      };
    },
  };
  const leader = await opened({ ...host, channels, closed: () => closed });
  const follower = await opened(host);
  const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
  await stepDown(host);
  await aMoment();
  leader.append(1, 'meanwhile');
  const role = roleOf(leader);
  await aMoment();
  close();
  expect(await leader.expect('appended', 1)).toMatchObject({ firstLsn: 1 });
  expect(await role).toBe('follower');
  expect(await roleOf(follower)).toBe('leader');
  await leader.call('close');
  expect(members).toBe(0);
});
