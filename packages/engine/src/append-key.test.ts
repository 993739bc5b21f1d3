/** Names of keys, and appends that bear one, from several tabs. */
import fc from 'fast-check';
import type { Host } from '@varve/files';
import { createMemoryHost, MemoryChannels } from '@varve/files/memory';
import { isKeyClient } from '@varve/protocol';
import type { MessageStamp } from '@varve/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { AppendKey } from './append-key.ts';
import { RawClient, frameOf, testServices } from './test/raw-client.ts';

const frames = (text: string) => {
  const { buffer, length } = frameOf(text);
  return { buffer, length };
};
const keyOf = (key: string | Uint8Array, text = 'value'): AppendKey =>
  new AppendKey({ key, ...frames(text) });

describe('the name of a key', () => {
  const keys = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.uuid(),
    fc.nat({ max: 99_999 }).map((number) => `order:2026-11-21/${number}`),
    fc.tuple(fc.nat({ max: 9_999 }), fc.nat({ max: 9_999 })).map(([a, b]) => `usr:${a}/evt ${b}`),
  );

  test('is the same for the same bytes, another for others, and of no other kind of client', () => {
    const names = new Map<string, string>();
    fc.assert(
      fc.property(keys, (key) => {
        const { client } = keyOf(key);
        expect(client).toMatch(/^02[0-9a-f]{14}$/);
        expect(isKeyClient(client)).toBe(true);
        expect(keyOf(new TextEncoder().encode(key)).client).toBe(client);
        expect(names.get(client) ?? key).toBe(key);
        names.set(client, key);
      }),
      { seed: 20_261_121, numRuns: 5_000 },
    );
    expect(names.size).toBeGreaterThan(4_000);
  });

  test('does not depend on the value, whose number does', () => {
    expect(keyOf('k', 'one').client).toBe(keyOf('k', 'two').client);
    expect(keyOf('k', 'one').sequence).toBe(keyOf('other', 'one').sequence);
    expect(keyOf('k', 'one').sequence).not.toBe(keyOf('k', 'two').sequence);
  });

  test('stands in stores: a build that gives another one forgets all keys', () => {
    expect([keyOf('k').client, keyOf('order:2026-11-21/7').client]).toMatchInlineSnapshot(`
      [
        "02cc12319acf26bc",
        "0258131dc4cedef8",
      ]
    `);
  });

  test.each([
    ['empty', ''],
    ['no bytes', new Uint8Array()],
    ['257 bytes of 86 characters', '€'.repeat(85) + 'ab'],
    ['a number', 7 as never],
    ['null', null as never],
    ['a list', ['k'] as never],
  ])('%s is none: BAD_ARGUMENT', (_name, key) => {
    expect(() => keyOf(key)).toThrow('BAD_ARGUMENT');
  });

  test('256 bytes are one, 1 is; a stream has none', () => {
    expect(keyOf('€'.repeat(85) + 'a').client).not.toBe(keyOf(Uint8Array.of(0)).client);
    expect(() => new AppendKey({ key: 'k', ...frames(''), stream: 1 })).toThrow('BAD_ARGUMENT');
  });

  test('is sent again as what it was sent first', () => {
    const key = keyOf('k');
    const first: MessageStamp = key.stamp(false, { generation: 3, durableLsn: 40 });
    expect(first).toMatchObject({ sinceGeneration: 3, afterLsn: 40, answeredTo: 0 });
    const again = key.stamp(true, { generation: 5, durableLsn: 90 });
    expect(again).toEqual({ ...first, isRepeated: true });
  });
});

const clients: RawClient[] = [];

async function opened(host: Host): Promise<RawClient> {
  const client = new RawClient(testServices(host));
  clients.push(client);
  expect(await client.open('store')).toMatchObject({ ok: true });
  return client;
}

const origin = (): Host => createMemoryHost({ channels: new MemoryChannels() });

function append(client: RawClient, id: number, text: string, key: string | Uint8Array): void {
  client.send({ kind: 'append', id, ...frames(text), key });
}

async function lastLsn(client: RawClient): Promise<number> {
  const answer = await client.call('status');
  return answer.ok ? (answer.value as { lastLsn: number }).lastLsn : -1;
}

afterEach(async () => {
  for (const client of clients.splice(0)) {
    await client.call('close').catch(() => undefined);
    client.close();
  }
});

describe('an append with a key', () => {
  test('from several tabs at once is one record, and each is told where it stands', async () => {
    const host = origin();
    const tabs = [await opened(host), await opened(host), await opened(host)];
    tabs[1]!.append(1, 'before');
    await tabs[1]!.expect('appended', 1);
    for (const tab of tabs) for (const id of [2, 3]) append(tab, id, 'once', 'the key');
    for (const tab of tabs)
      for (const id of [2, 3])
        expect(await tab.expect('appended', id)).toMatchObject({ firstLsn: 2, groups: 1 });
    expect(await lastLsn(tabs[2]!)).toBe(2);
  });

  test('is known to the next leader, and in the next life of its tab', async () => {
    const host = origin();
    const leader = await opened(host);
    const follower = await opened(host);
    append(leader, 1, 'once', 'the key');
    expect(await leader.expect('appended', 1)).toMatchObject({ firstLsn: 1 });
    await leader.call('close');
    const reborn = await opened(host);
    append(follower, 2, 'once', new TextEncoder().encode('the key'));
    append(reborn, 3, 'once', 'the key');
    expect(await follower.expect('appended', 2)).toMatchObject({ firstLsn: 1 });
    expect(await reborn.expect('appended', 3)).toMatchObject({ firstLsn: 1 });
    append(reborn, 4, 'twice', 'another key');
    expect(await reborn.expect('appended', 4)).toMatchObject({ firstLsn: 2 });
  });

  test('that another value bears is refused everywhere; what comes behind it is not', async () => {
    const host = origin();
    const leader = await opened(host);
    const follower = await opened(host);
    append(follower, 1, 'first', 'k');
    await follower.expect('appended', 1);
    for (const tab of [leader, follower]) {
      append(tab, 2, 'other', 'k');
      tab.append(3, 'next');
      const { error } = await tab.expect('failed', 2);
      expect(error).toMatchObject({
        code: 'KEY_REUSED',
        outcome: 'not-written',
        facts: { lsn: 1 },
      });
      await tab.expect('appended', 3);
    }
    expect(await lastLsn(leader)).toBe(3);
  });

  test('that is none is the caller’s mistake, not the connection’s: BAD_ARGUMENT, each time', async () => {
    const host = origin();
    for (const tab of [await opened(host), await opened(host)]) {
      for (let id = 1; id <= 6; id++) {
        append(tab, id, 'x', id % 2 === 0 ? '' : (7 as never));
        const { error } = await tab.expect('failed', id);
        expect(error).toMatchObject({ code: 'BAD_ARGUMENT', outcome: 'not-written' });
      }
      tab.append(7, 'goes on');
      await tab.expect('appended', 7);
    }
  });
});
