/** Several engines that share an origin: here one host with channels, and a service for each tab. */
import type { Host } from '@varve/files';
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import { openStore } from '@varve/journal';
import { VarveError } from '@varve/protocol';
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
  for (const client of clients.splice(0)) {
    await client.call('close').catch(() => undefined);
    client.close();
  }
});

describe('a second tab', () => {
  test('follows: it appends, reads, asks and checkpoints like the first', async () => {
    const host = origin();
    const leader = await opened(host);
    const follower = await opened(host);
    expect((await statusOf(leader)).role).toBe('leader');
    expect((await statusOf(follower)).role).toBe('follower');
    follower.append(1, 'from the follower');
    expect(await follower.expect('appended', 1)).toMatchObject({ firstLsn: 1, groups: 1 });
    leader.append(1, 'from the leader');
    expect(await leader.expect('appended', 1)).toMatchObject({ firstLsn: 2 });
    expect(await texts(follower, 9)).toEqual(['from the follower', 'from the leader']);
    expect(await texts(leader, 9)).toEqual(['from the follower', 'from the leader']);
    expect(await follower.call('checkpoint', new Uint8Array([7]), 2)).toMatchObject({ ok: true });
    expect(await leader.call('readState')).toMatchObject({ value: { coveredLsn: 2 } });
    expect(await follower.call('layout')).toMatchObject({ ok: true });
  });

  test('hears what the leader appends while it waits for it', async () => {
    const host = origin();
    const leader = await opened(host);
    const follower = await opened(host);
    follower.send({ kind: 'read', id: 1, reader: 1, after: 0, maxBytes: 1000, wait: true });
    leader.append(1, 'news');
    await leader.expect('appended', 1);
    expect(await follower.expect('chunk', 1)).toMatchObject({ runs: [{ firstLsn: 1, count: 1 }] });
  });

  test('that wants the store otherwise is refused, and names the option', async () => {
    const host = origin();
    await opened(host);
    const other = tab(host);
    expect(await other.open('store', { keep: 'checkpoint' })).toMatchObject({
      ok: false,
      error: { code: 'BAD_ARGUMENT', facts: { option: 'keep' } },
    });
  });

  test('streams to the leader, and exports from it', async () => {
    const host = origin();
    await opened(host);
    const follower = await opened(host);
    const stream = await follower.call('openUnit');
    if (!stream.ok) throw new Error('openUnit failed');
    await follower.call('write', stream.value, new Uint8Array(5000).fill(3));
    const head = new Uint8Array([70, 0, 0, 0]);
    follower.send({ kind: 'append', id: 5, buffer: head.buffer, length: 4, stream: stream.value });
    expect(await follower.expect('appended', 5)).toMatchObject({ firstLsn: 1 });
    follower.send({ kind: 'unit', id: 6, lsn: 1, at: 0, maxBytes: 100_000 });
    expect((await follower.expect('bytes', 6)).bytes.length).toBe(5000);
    const source = await follower.call('openSource', 'export');
    expect(source.ok && (await follower.call('pull', source.value))).toMatchObject({ ok: true });
  });
});

describe('the leader goes', () => {
  test('closing: the follower leads, in a new generation, and nothing is lost', async () => {
    const host = origin();
    const leader = await opened(host);
    const follower = await opened(host);
    const third = await opened(host);
    follower.append(1, 'one');
    await follower.expect('appended', 1);
    const { generation } = await statusOf(follower);
    await leader.call('close');
    await expect.poll(async () => (await statusOf(follower)).role).toBe('leader');
    expect((await statusOf(follower)).generation).toBeGreaterThan(generation);
    third.append(2, 'two');
    expect(await third.expect('appended', 2)).toMatchObject({ firstLsn: 2 });
    expect(await texts(third, 9)).toEqual(['one', 'two']);
    const roles = follower.received.flatMap((message) =>
      message.kind === 'status' ? message.events.filter(({ type }) => type === 'role') : [],
    );
    expect(roles).toEqual([{ type: 'role', detail: { role: 'leader' } }]);
  });

  test('a reader that waits in a follower goes on with the next leader', async () => {
    const host = origin();
    const leader = await opened(host);
    const follower = await opened(host);
    const third = await opened(host);
    third.send({ kind: 'read', id: 1, reader: 1, after: 0, maxBytes: 1000, wait: true });
    await third.call('status');
    await leader.call('close');
    follower.append(1, 'after');
    await follower.expect('appended', 1);
    expect(await third.expect('chunk', 1)).toMatchObject({ runs: [{ firstLsn: 1, count: 1 }] });
  });

  test('parking hands the store over; whoever parked comes back as a follower', async () => {
    const host = origin();
    const first = await opened(host);
    const second = await opened(host);
    expect(await first.call('park')).toMatchObject({ ok: true });
    await expect.poll(async () => (await statusOf(second)).role).toBe('leader');
    first.append(1, 'back');
    expect(await first.expect('appended', 1)).toMatchObject({ firstLsn: 1 });
    expect((await statusOf(first)).role).toBe('follower');
  });

  test('a stream that was open there ends with LEADER_LOST', async () => {
    const host = origin();
    const leader = await opened(host);
    const follower = await opened(host);
    const third = await opened(host);
    const streams = await Promise.all([third.call('openUnit'), follower.call('openUnit')]);
    const [ofThird, ofFollower] = streams.map((stream) => stream.ok && stream.value);
    await leader.call('close');
    await expect.poll(async () => (await statusOf(follower)).role).toBe('leader');
    const lost = { ok: false, error: { code: 'LEADER_LOST', outcome: 'not-written' } };
    expect(await third.call('write', ofThird, new Uint8Array(9))).toMatchObject(lost);
    expect(await follower.call('write', ofFollower, new Uint8Array(9))).toMatchObject(lost);
  });
});

describe('a leader that fails to write', () => {
  async function failing(host: Host): Promise<RawClient> {
    const client = new RawClient({
      ...testServices(host),
      async openStore(...args) {
        const store = await openStore(...args);
        store.append = () =>
          Promise.reject(new VarveError('IO_ERROR', 'made up', { outcome: 'unknown' }));
        return store;
      },
    });
    clients.push(client);
    expect(await client.open()).toMatchObject({ ok: true });
    return client;
  }

  test('as its tab is torn down: the next one is asked', async () => {
    const host = origin();
    const leader = await failing(host);
    const follower = await opened(host);
    follower.append(1, 'one');
    await follower.call('status');
    await leader.call('close');
    expect(await follower.expect('appended', 1)).toMatchObject({ firstLsn: 1 });
    expect(await texts(follower, 9)).toEqual(['one']);
  });

  test('and lives: its followers are told', async () => {
    const host = origin();
    await failing(host);
    const follower = await opened(host);
    follower.append(1, 'one');
    expect(await follower.expect('failed', 1)).toMatchObject({
      error: { code: 'IO_ERROR', outcome: 'unknown' },
    });
  });
});

describe('a leader that stands still', () => {
  test('while it gives the store back (a frozen page does) loses it when its file is asked for', async () => {
    const host = origin();
    let evict = (): void => undefined;
    const frozen = new Promise<void>((resolve) => (evict = resolve));
    const asked: string[] = [];
    const nudge = async (folder: string, file: string): Promise<void> => {
      asked.push(`${folder}/${file}`);
      evict();
    };
    const leader = await opened({ ...host, closed: () => frozen });
    const follower = await opened({ ...host, nudge });
    follower.append(1, 'one');
    await follower.expect('appended', 1);
    expect(asked).toEqual([]);
    void leader.call('park');
    follower.append(2, 'two');
    expect(await follower.expect('appended', 2)).toMatchObject({ firstLsn: 2 });
    expect((await statusOf(follower)).role).toBe('leader');
    expect(asked).toEqual(['store/journal']);
  });

  test('does not hold up a reader that is released', async () => {
    const host = origin();
    let isStill = false;
    const channels = {
      open: (name: string, hear: (message: unknown) => void) =>
        host.channels!.open(name, (message) => {
          if (!isStill) hear(message);
        }),
    };
    await opened({ ...host, channels });
    const follower = await opened(host);
    isStill = true;
    follower.send({ kind: 'read', id: 1, reader: 1, after: 0, maxBytes: 1000 });
    follower.send({ kind: 'release', reader: 1 });
    expect(await follower.expect('failed', 1)).toMatchObject({ error: { code: 'ABORTED' } });
  });
});

describe('a leader that loses its lock', () => {
  test('writes nothing more, and follows whoever has it', async () => {
    const host = origin();
    const first = await opened(host);
    const second = await opened(host);
    first.append(1, 'one');
    await first.expect('appended', 1);
    const thief = await host.locks.acquire('varve:store', { steal: true });
    thief!.release();
    await expect.poll(async () => (await statusOf(second)).role).toBe('leader');
    first.append(2, 'two');
    expect(await first.expect('appended', 2)).toMatchObject({ firstLsn: 2 });
    expect((await statusOf(first)).role).toBe('follower');
    const told = (): unknown =>
      first.received.flatMap((message) => (message.kind === 'status' ? message.events : []));
    await expect.poll(told).toContainEqual({ type: 'role', detail: { role: 'follower' } });
  });
});

describe('nobody answers', () => {
  test('opening is LEADER_UNRESPONSIVE within the bounded wait', async () => {
    const host = origin();
    const lock = await host.locks.acquire('varve:store');
    const client = tab(host);
    expect(await client.open('store', { busyTimeoutMs: 100 })).toMatchObject({
      ok: false,
      error: { code: 'LEADER_UNRESPONSIVE', outcome: 'not-written' },
    });
    lock!.release();
    expect(await client.open('store')).toMatchObject({ ok: true });
    expect((await statusOf(client)).role).toBe('leader');
  });
});

describe('builds of other versions', () => {
  const stranger = { version: 99, member: 'ffffffffffffffff' };

  test('a newer leader is not understood: UNSUPPORTED_VERSION, at once', async () => {
    const host = origin();
    const lock = await host.locks.acquire('varve:store');
    const channel = host.channels!.open('tabs:store', () =>
      channel.post({ kind: 'lead', epoch: 7, ...stranger }),
    );
    expect(await tab(host).open('store', { busyTimeoutMs: 5000 })).toMatchObject({
      error: { code: 'UNSUPPORTED_VERSION', facts: { version: 99, own: 1 } },
    });
    channel.close();
    lock!.release();
  });

  test('an older leader gives the store to a newer build that asks for it, cleanly', async () => {
    const host = origin();
    const leader = await opened(host);
    leader.append(1, 'one');
    await leader.expect('appended', 1);
    let member = '';
    const channel = host.channels!.open('tabs:store', (message) => {
      const said = message as { kind: string; member: string };
      if (said.kind === 'lead') member = said.member;
    });
    channel.post({ kind: 'seek', ...stranger });
    await expect.poll(() => member).not.toBe('');
    const lock = host.locks.acquire('varve:store');
    channel.post({ kind: 'stepDown', leader: member, ...stranger });
    (await lock)!.release();
    // It stood in the line behind, and nobody else is there.
    await expect.poll(async () => (await statusOf(leader)).role).toBe('leader');
    expect((await statusOf(leader)).recovery.clean).toBe(true);
    expect(await texts(leader, 9)).toEqual(['one']);
    channel.close();
  });

  test('whoever opens the store says so to those who seek: they wait longer than their bound', async () => {
    const host = origin();
    const lock = await host.locks.acquire('varve:store');
    const channel = host.channels!.open('tabs:store', () =>
      channel.post({ kind: 'opening', version: 1, member: 'eeeeeeeeeeeeeeee' }),
    );
    const opening = tab(host).open('store', { busyTimeoutMs: 700 });
    const waited = new Promise((resolve) => setTimeout(() => resolve('still waiting'), 1500));
    expect(await Promise.race([opening, waited])).toBe('still waiting');
    channel.close();
    lock!.release();
    expect(await opening).toMatchObject({ ok: true });
  });
});

describe('messages that are none', () => {
  test('on the store’s channel and on links harm nobody', async () => {
    const host = origin();
    const leader = await opened(host);
    const follower = await opened(host);
    const stranger = host.channels!.open('tabs:store', () => undefined);
    for (const message of [
      null,
      7,
      { kind: 'lead' },
      { kind: 'lead', version: 1, member: 'x', epoch: 9 },
      { kind: 'join', version: 1, member: '0000000000000001', leader: 'x', link: 'y', given: 1 },
    ])
      stranger.post(message);
    stranger.close();
    follower.append(1, 'one');
    expect(await follower.expect('appended', 1)).toMatchObject({ firstLsn: 1 });
    leader.append(1, 'two');
    expect(await leader.expect('appended', 1)).toMatchObject({ firstLsn: 2 });
  });
});
