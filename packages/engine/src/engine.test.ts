import { createMemoryHost } from '@varve/files/memory';
import { CLONED_BYTES_MAX, PROTOCOL_VERSION, writeRecordFrame } from '@varve/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import type { EngineServices } from './services.ts';
import { RawClient, testServices } from './test/raw-client.ts';

const clients: RawClient[] = [];

function connect(services: EngineServices, version?: number): RawClient {
  const client = new RawClient(services, version);
  clients.push(client);
  return client;
}

async function opened(services = testServices(), name = 'store'): Promise<RawClient> {
  const client = connect(services);
  expect(await client.open(name)).toMatchObject({ ok: true });
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

describe('the hello', () => {
  test('is answered with the version the engine speaks', async () => {
    const client = connect(testServices());
    expect(await client.expect('hello')).toMatchObject({ version: PROTOCOL_VERSION });
  });

  test('of another version is answered, and nothing else is', async () => {
    const client = connect(testServices(), PROTOCOL_VERSION + 1);
    expect(await client.expect('hello')).toMatchObject({ version: PROTOCOL_VERSION });
    const answer = await Promise.race([
      client.open(),
      new Promise((done) => setTimeout(done, 50, 'silence')),
    ]);
    expect(answer).toBe('silence');
  });
});

describe('appends', () => {
  test('are answered with their LSN; a buffer comes back unless it is small', async () => {
    const client = await opened();
    client.append(1, 'one');
    client.append(2, 'large'.repeat(2000));
    const first = await client.expect('appended', 1);
    expect(first).toMatchObject({ firstLsn: 1, groups: 1 });
    expect(first.buffer).toBeUndefined();
    const second = await client.expect('appended', 2);
    expect(second.firstLsn).toBe(2);
    expect(second.buffer!.byteLength).toBeGreaterThan(CLONED_BYTES_MAX);
  });

  test('before open are out of order, and say that nothing was written', async () => {
    const client = connect(testServices());
    client.append(1, 'early');
    expect(await client.expect('failed', 1)).toMatchObject({ error: { code: 'BAD_MESSAGE' } });
  });

  test('of bytes that are no frames are refused; the store goes on', async () => {
    const client = await opened();
    client.send({
      kind: 'append',
      id: 1,
      buffer: new Uint8Array([1, 2, 3, 255, 255]).buffer,
      length: 5,
    });
    expect(await client.expect('failed', 1)).toMatchObject({
      error: { code: 'BAD_MESSAGE', outcome: 'not-written' },
    });
    client.append(2, 'good');
    expect(await client.expect('appended', 2)).toMatchObject({ firstLsn: 1 });
  });
});

describe('malformed messages', () => {
  const malformed = [
    'text',
    null,
    { kind: 'append', id: 7 },
    { kind: 'read', id: 7, reader: 0, after: -1, maxBytes: 1 },
    { kind: 'nonsense' },
  ];

  test.each(malformed)(
    '%j is answered BAD_MESSAGE, and the next good one is served',
    async (message) => {
      const client = await opened();
      client.send(message);
      const hasId = typeof message === 'object' && message !== null && 'id' in message;
      const answer = await client.expect(hasId ? 'failed' : 'refused');
      expect(answer.error).toMatchObject({ code: 'BAD_MESSAGE' });
      client.append(9, 'good');
      expect(await client.expect('appended', 9)).toMatchObject({ firstLsn: 1 });
    },
  );

  test('five in a row end the connection, and nobody else’s', async () => {
    const services = testServices();
    const other = await opened(services, 'other');
    const client = await opened(services, 'mine');
    for (const message of malformed) client.send(message);
    await expect
      .poll(() => client.received.at(-1))
      .toMatchObject({ kind: 'refused', dropped: true });
    other.append(1, 'unaffected');
    expect(await other.expect('appended', 1)).toMatchObject({ firstLsn: 1 });
    // What the dropped client held was given back.
    const heir = connect(services);
    expect(await heir.open('mine')).toMatchObject({ ok: true });
  });

  test('four and a good one are forgiven', async () => {
    const client = await opened();
    for (let round = 0; round < 3; round++) {
      for (let bad = 0; bad < 4; bad++) client.send({ kind: 'nonsense' });
      client.append(round, 'good');
      expect(await client.expect('appended', round)).toMatchObject({ firstLsn: round + 1 });
    }
  });

  test('on the control port they are answered where there is someone to answer', async () => {
    const client = await opened();
    expect(await client.call('constructor')).toMatchObject({
      ok: false,
      error: { code: 'BAD_MESSAGE' },
    });
    expect(await client.call('trim', 'x')).toMatchObject({
      ok: false,
      error: { code: 'BAD_MESSAGE' },
    });
    expect(await client.call('status')).toMatchObject({ ok: true });
  });
});

describe('leadership', () => {
  test('a second client of a store that is open hears STORE_BUSY within the bounded wait', async () => {
    const services = testServices();
    await opened(services);
    const second = connect(services);
    expect(await second.open()).toMatchObject({
      ok: false,
      error: { code: 'STORE_BUSY', facts: { store: 'store', held: 'lock' } },
    });
  });

  test('a client that goes away gives the store back without saying so', async () => {
    const services = testServices();
    const first = await opened(services);
    first.close();
    const second = connect(services);
    expect(await second.open('store', { busyTimeoutMs: 2000 })).toMatchObject({ ok: true });
  });

  test('a parked store can be taken by another; the first gets STORE_BUSY, then its store back', async () => {
    const services = testServices();
    const first = await opened(services);
    first.append(1, 'one');
    await first.expect('appended', 1);
    expect(await first.call('park')).toMatchObject({ ok: true });
    const second = await opened(services);
    first.append(2, 'while it is away');
    expect(await first.expect('failed', 2)).toMatchObject({
      error: { code: 'STORE_BUSY', outcome: 'not-written' },
    });
    expect(await second.call('close')).toMatchObject({ ok: true });
    first.append(3, 'back');
    expect(await first.expect('appended', 3)).toMatchObject({ firstLsn: 2 });
  });

  test('a store whose files vanish while it is parked is lost, and says so by itself', async () => {
    const host = createMemoryHost();
    const client = await opened(testServices(host));
    client.append(1, 'one');
    await client.expect('appended', 1);
    await client.call('park');
    await host.root.removeDirectory('store');
    expect(await client.call('status')).toMatchObject({ error: { code: 'STORE_LOST' } });
    const lost = () =>
      client.received.find(
        (message) => message.kind === 'status' && message.status.state === 'lost',
      );
    await expect.poll(lost).toMatchObject({
      status: { lastLsn: 1 },
      events: expect.arrayContaining([{ type: 'lost', detail: { from: 2, to: 1 } }]),
    });
    client.append(2, 'two');
    expect(await client.expect('failed', 2)).toMatchObject({
      error: { code: 'STORE_LOST', outcome: 'not-written' },
    });
  });

  test('a reader that waits does not wake a parked store, and goes on when it is back', async () => {
    const services = testServices();
    const client = await opened(services);
    client.send({ kind: 'read', id: 1, reader: 1, after: 0, maxBytes: 1000, wait: true });
    await client.call('park');
    const other = await opened(services);
    await other.call('close');
    client.append(2, 'after the pause');
    await client.expect('appended', 2);
    expect(await client.expect('chunk', 1)).toMatchObject({ runs: [{ firstLsn: 1, count: 1 }] });
  });

  test('a stolen lock ends the session: nothing is acknowledged any more', async () => {
    const host = createMemoryHost();
    let steal = (): void => undefined;
    const lost = new Promise<void>((resolve) => (steal = resolve));
    const services = testServices({
      ...host,
      locks: { acquire: async () => ({ release: () => undefined, lost }) },
    });
    const client = await opened(services);
    steal();
    await expect
      .poll(async () => client.call('status'))
      .toMatchObject({ error: { code: 'LEADER_LOST' } });
    client.append(1, 'too late');
    expect(await client.expect('failed', 1)).toMatchObject({ error: { code: 'LEADER_LOST' } });
  });
});

describe('readers', () => {
  test('hold history until they are released, or their client goes', async () => {
    const client = await opened();
    client.append(1, 'one');
    await client.expect('appended', 1);
    const holders = async (): Promise<unknown> => {
      const answer = await client.call('status');
      return answer.ok && (answer.value as { holders: number }).holders;
    };
    client.send({ kind: 'read', id: 2, reader: 5, after: 0, maxBytes: 1000 });
    await client.expect('chunk', 2);
    expect(await holders()).toBe(1);
    client.send({ kind: 'release', reader: 5 });
    await expect.poll(holders).toBe(0);
  });

  test('a released reader that waited is answered, not forgotten', async () => {
    const client = await opened();
    client.send({ kind: 'read', id: 2, reader: 5, after: 0, maxBytes: 1000, wait: true });
    await client.call('status');
    client.send({ kind: 'release', reader: 5 });
    expect(await client.expect('failed', 2)).toMatchObject({ error: { code: 'ABORTED' } });
  });
});

/** The frame that ends a stream: a record's head, without its payload. */
function head(type: number, payload = new Uint8Array()): { buffer: ArrayBuffer; length: number } {
  const bytes = new Uint8Array(16);
  return { buffer: bytes.buffer, length: writeRecordFrame(bytes, 0, type, 0, payload) };
}

describe('streams', () => {
  test('a unit is visible after its commit and not before; a dropped one never', async () => {
    const client = await opened();
    const first = await client.call('openUnit');
    const second = await client.call('openUnit');
    if (!first.ok || !second.ok) throw new Error('openUnit failed');
    await client.call('write', first.value, new Uint8Array(5000).fill(1));
    await client.call('write', second.value, new Uint8Array(5000).fill(2));
    expect(await client.call('status')).toMatchObject({ value: { lastLsn: 0 } });
    await client.call('dropStream', first.value);
    client.send({ ...head(70), kind: 'append', id: 7, stream: second.value });
    expect(await client.expect('appended', 7)).toMatchObject({ firstLsn: 1, groups: 1 });
    client.send({ kind: 'unit', id: 1, lsn: 1, at: 0, maxBytes: 100_000 });
    const { bytes } = await client.expect('bytes', 1);
    expect(bytes.length).toBe(5000);
    expect(new Set(bytes)).toEqual(new Set([2]));
    expect(await client.call('write', first.value, new Uint8Array(1))).toMatchObject({
      error: { code: 'BAD_MESSAGE' },
    });
  });

  test('its end is an append: it stands between those sent before and after it', async () => {
    const client = await opened();
    const stream = await client.call('openUnit');
    if (!stream.ok) throw new Error('openUnit failed');
    await client.call('write', stream.value, new Uint8Array(2000));
    client.append(1, 'before');
    client.send({ ...head(64), kind: 'append', id: 2, stream: stream.value });
    client.append(3, 'after');
    expect(await client.expect('appended', 3)).toMatchObject({ firstLsn: 3 });
    expect(await client.expect('appended', 2)).toMatchObject({ firstLsn: 2 });
  });

  test.each([
    ['a system type', head(5)],
    ['a payload', head(64, new Uint8Array(3))],
    ['half a frame', { ...head(64), length: 2 }],
    ['two groups', { ...head(64), groups: Uint32Array.of(2, 2) }],
    ['no open stream', { ...head(64), stream: 99 }],
  ])(
    'an end with %s is BAD_MESSAGE, nothing is written, and the stream can be dropped',
    async (_, end) => {
      const client = await opened();
      const stream = await client.call('openUnit');
      if (!stream.ok) throw new Error('openUnit failed');
      await client.call('write', stream.value, new Uint8Array(2000));
      client.send({ kind: 'append', id: 2, stream: stream.value, ...end });
      expect(await client.expect('failed', 2)).toMatchObject({
        error: { code: 'BAD_MESSAGE', outcome: 'not-written' },
      });
      expect(await client.call('dropStream', stream.value)).toMatchObject({ ok: true });
      client.append(3, 'after');
      expect(await client.expect('appended', 3)).toMatchObject({ firstLsn: 1 });
    },
  );
});
