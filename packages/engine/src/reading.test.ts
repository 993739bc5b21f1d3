/** Reading from a context that can own no store: through the leader, or from the files. */
import type { Host, ViewingHost } from '@varve/files';
import { createMemoryHost, MemoryChannels, MemoryInbox } from '@varve/files/memory';
import { openStore } from '@varve/journal';
import type { ChunkMessage } from '@varve/protocol';
import { afterEach, expect, test } from 'vitest';
import { Reading, type ReadingHost } from './reading.ts';
import { RawClient, frameOf, testServices } from './test/raw-client.ts';

type Origin = Host & ViewingHost & ReadingHost;

const clients: RawClient[] = [];
const readings: Reading[] = [];

function origin(): Origin {
  const channels = new MemoryChannels();
  return { ...createMemoryHost({ channels, inbox: new MemoryInbox() }), channels };
}

async function opened(host: Host): Promise<RawClient> {
  const client = new RawClient(testServices(host));
  clients.push(client);
  expect(await client.open('store')).toMatchObject({ ok: true });
  return client;
}

async function append(client: RawClient, id: number, text: string): Promise<void> {
  const frames = frameOf(text);
  client.send({ kind: 'append', id, buffer: frames.buffer, length: frames.length });
  await client.expect('appended', id);
}

function readingOn(host: ReadingHost, leaderTimeoutMs = 400): Reading {
  const reading = new Reading(host, 'store', leaderTimeoutMs);
  readings.push(reading);
  return reading;
}

function texts({ bytes, heads }: ChunkMessage): string[] {
  const found: string[] = [];
  for (let at = 0; at < heads.length; at += 4)
    found.push(new TextDecoder().decode(bytes.subarray(heads[at + 2], heads[at + 3])));
  return found;
}

const all = (reading: Reading, after = 0): Promise<string[]> =>
  reading.read({ kind: 'read', id: 0, reader: 1, after, maxBytes: 100_000 }).then(texts);

/** The host, and how often its file was read. */
function counted(host: Origin): { host: Origin; reads: () => number } {
  let reads = 0;
  return {
    reads: () => reads,
    host: {
      ...host,
      async view(folder, file) {
        const view = await host.view(folder, file);
        return (
          view && {
            getSize: view.getSize,
            async read(at, length) {
              reads++;
              return view.read(at, length);
            },
          }
        );
      },
    },
  };
}

afterEach(async () => {
  for (const reading of readings.splice(0)) reading.close();
  for (const client of clients.splice(0)) {
    await client.call('close').catch(() => undefined);
    client.close();
  }
});

test('a tab is open: it is asked, and the files are not looked at', async () => {
  const { host, reads } = counted(origin());
  const leader = await opened(host);
  await append(leader, 7, 'one');
  const reading = readingOn(host);
  expect(await all(reading)).toEqual(['one']);
  await append(leader, 8, 'two');
  expect(await all(reading)).toEqual(['one', 'two']);
  expect(await reading.facts(2)).toMatchObject({ lsn: 2, type: 64, channel: 0, bytes: 3 });
  expect(await reading.facts(3)).toBeUndefined();
  expect(reads()).toBe(0);
});

test('the tab closes in between: what comes next is read from the files, and from the next tab', async () => {
  const host = origin();
  const first = await opened(host);
  await append(first, 7, 'one');
  const reading = readingOn(host);
  expect(await all(reading)).toEqual(['one']);
  await first.call('close');
  expect(await all(reading)).toEqual(['one']);
  expect(await reading.facts(1)).toMatchObject({ bytes: 3 });
  const second = await opened(host);
  await append(second, 8, 'two');
  expect(await all(reading, 1)).toEqual(['two']);
  await second.call('close');
  expect(await all(reading)).toEqual(['one', 'two']);
});

test('a tab that stands still is waited for, not for ever: then the files are read', async () => {
  const host = origin();
  const leader = await opened(host);
  await append(leader, 7, 'one');
  await leader.call('close');
  const lock = await host.locks.acquire('varve:store');
  expect(await all(readingOn(host))).toEqual(['one']);
  lock!.release();
});

test('a large value has the same size and bytes from the tab and from the files', async () => {
  const host = origin();
  const value = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  const store = await openStore(host, 'store', {
    segmentSizeBytes: 64 * 1024,
    maxStateBytes: 4096,
  });
  const unit = await store.openUnit();
  await unit.write(value);
  await unit.commit({ type: 70, channel: 5 });
  await store.close();
  const part = async (reading: Reading): Promise<Uint8Array> =>
    (await reading.unit({ kind: 'unit', id: 0, lsn: 1, at: 123_456, maxBytes: 1_000 })).bytes;
  const fromFiles = readingOn(host);
  const facts = await fromFiles.facts(1);
  expect(facts).toMatchObject({ lsn: 1, type: 70, channel: 5, bytes: 300_000 });
  expect(await part(fromFiles)).toEqual(value.subarray(123_456, 124_456));
  const lineage = await fromFiles.lineageId();
  await opened(host);
  const fromTab = readingOn(host);
  expect(await fromTab.facts(1)).toEqual(facts);
  expect(await part(fromTab)).toEqual(value.subarray(123_456, 124_456));
  expect(await fromTab.lineageId()).toBe(lineage);
});

test('no store of that name: NOT_FOUND, and none is made; after its end: CLOSED', async () => {
  const host = origin();
  const reading = readingOn(host);
  await expect(all(reading)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await host.root.list()).toEqual([]);
  reading.close();
  await expect(all(reading)).rejects.toMatchObject({ code: 'CLOSED' });
});
