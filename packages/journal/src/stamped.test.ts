/** Appends under a client's stamp: sent again, to this store or the next one, they happen once. */
import { SimulatedDisk } from '@varve/files/simulated';
import { describe, expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { CLIENTS_MAX, KEYS_MAX, MESSAGES_MAX } from './client-table.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';
import { importStore } from './stores.ts';
import type { AppendRequest, ClientStamp, StoreOptions } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };
const ALICE = 'a11ce00000000001';
const BOB = '0b0b000000000002';

const stamp = (
  client: string,
  sequence: number,
  answeredTo = sequence - 1,
  sinceGeneration = 2,
  isRepeated = true,
): ClientStamp => ({ client, sequence, sinceGeneration, answeredTo, isRepeated });

const append = (
  store: Store,
  text: string,
  under: ClientStamp,
  more: Partial<AppendRequest> = {},
) => store.append({ frames: frame(text), stamp: under, ...more });

const grouped = (...texts: string[]): Pick<AppendRequest, 'frames' | 'groups'> => {
  const all = texts.map((text) => frame(text));
  const frames = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of all) {
    frames.set(one, at);
    at += one.length;
  }
  return { frames, groups: all.map(({ length }) => length) };
};

async function opened(options: Partial<StoreOptions> = {}, disk = new SimulatedDisk({ seed: 2 })) {
  const open = (): Promise<Store> => openStore(disk.host(), 's', { ...SMALL, ...options });
  return { disk, open, store: await open() };
}

describe('a message that is sent again', () => {
  test('to the same store is answered with the LSN it got, and nothing is appended', async () => {
    const { store } = await opened();
    expect(await append(store, 'one', stamp(ALICE, 1))).toMatchObject({ firstLsn: 1, groups: 1 });
    await append(store, 'other', stamp(BOB, 1));
    expect(await append(store, 'one', stamp(ALICE, 1))).toEqual({
      firstLsn: 1,
      count: 1,
      groups: 1,
    });
    expect(readAll(store)).toEqual([shown(1, 'one'), shown(2, 'other')]);
  });

  test('while the first attempt is on its way waits for that one', async () => {
    const { store } = await opened();
    const both = [append(store, 'one', stamp(ALICE, 1)), append(store, 'one', stamp(ALICE, 1))];
    expect(await Promise.all(both)).toEqual([
      { firstLsn: 1, count: 1, groups: 1 },
      { firstLsn: 1, count: 1, groups: 1 },
    ]);
    expect(store.status().lastLsn).toBe(1);
  });

  test('strictly, after it was written relaxed, is flushed before it is answered', async () => {
    const { store } = await opened();
    await append(store, 'one', stamp(ALICE, 1), { durability: 'relaxed' });
    expect(store.status().durableLsn).toBe(0);
    await append(store, 'one', stamp(ALICE, 1), { durability: 'strict' });
    expect(store.status()).toMatchObject({ durableLsn: 1, lastLsn: 1 });
  });

  test.each(['killed', 'closed', 'power'] as const)(
    'to the store that came after one that was %s gets the LSN it got there',
    async (how) => {
      const { disk, open, store } = await opened();
      await disk.advanceAsync(61_000);
      await append(store, 'one', stamp(ALICE, 1));
      await append(store, 'two', stamp(ALICE, 2, 0));
      await append(store, 'bob', stamp(BOB, 1));
      let next = open;
      if (how === 'closed') await store.close();
      else if (how === 'killed') store.abandon();
      else {
        const cut = disk.powerCut('none');
        next = () => openStore(cut.host(), 's', SMALL);
      }
      for (let life = 0; life < 3; life++) {
        const again = await next();
        expect(await append(again, 'two', stamp(ALICE, 2, 0))).toMatchObject({ firstLsn: 2 });
        expect(await append(again, 'one', stamp(ALICE, 1, 0))).toMatchObject({ firstLsn: 1 });
        expect(again.status().lastLsn).toBe(3);
        if (life === 1) await again.close();
        else again.abandon();
      }
      const last = await next();
      expect(await append(last, 'three', stamp(ALICE, 3, 0))).toMatchObject({ firstLsn: 4 });
    },
  );

  test('whose groups span batches, segments and fragments is one message', async () => {
    const { open, store } = await opened();
    const sizes = [10, 3_000, 20, 9_000, 1_000, 3_800, 40];
    const all = sizes.map((size, index) => frame(`${index}`, size));
    const frames = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
    all.reduce((at, one) => (frames.set(one, at), at + one.length), 0);
    const request = { frames, groups: all.map(({ length }) => length), stamp: stamp(ALICE, 1) };
    expect(await store.append(request)).toEqual({ firstLsn: 1, count: 7, groups: 7 });
    store.abandon();
    const again = await open();
    expect(await again.append(request)).toEqual({ firstLsn: 1, count: 7, groups: 7 });
    expect(again.status().lastLsn).toBe(7);
  });

  test('of which the first groups were written alone gets the rest appended, and each its LSN', async () => {
    const { store, open } = await opened({ maxRecordBytes: 2_000 });
    const request = grouped('one', 'two', 'x'.repeat(3_000), 'four');
    const first = await store.append({ ...request, stamp: stamp(ALICE, 1) });
    expect(first).toMatchObject({ firstLsn: 1, count: 2, groups: 2 });
    expect(first.refusal?.code).toBe('RECORD_TOO_LARGE');
    await append(store, 'bob', stamp(BOB, 1));
    store.abandon();
    const larger = await openStore(store.host, 's', { ...SMALL, maxRecordBytes: 5_000 });
    const whole = { firstLsn: 1, count: 4, groups: 4, groupLsns: [1, 2, 4, 5] };
    expect(await larger.append({ ...request, stamp: stamp(ALICE, 1) })).toEqual(whole);
    larger.abandon();
    const again = await open();
    expect(await again.append({ ...request, stamp: stamp(ALICE, 1) })).toEqual(whole);
    expect(again.status().lastLsn).toBe(5);
  });

  test('after the scan has moved on is known from the table that went with it', async () => {
    const { store, open } = await opened();
    await append(store, 'one', stamp(ALICE, 1));
    await store.append({ frames: frame('x', 12_000) });
    await store.checkpoint(Uint8Array.of(1), 2);
    await append(store, 'two', stamp(ALICE, 2, 0));
    store.abandon();
    const again = await open();
    expect(await append(again, 'one', stamp(ALICE, 1, 0))).toMatchObject({ firstLsn: 1 });
    expect(await append(again, 'two', stamp(ALICE, 2, 0))).toMatchObject({ firstLsn: 3 });
    expect(again.status().lastLsn).toBe(3);
  });

  test('when a flush failed under it happens once, whether the store is reopening or has', async () => {
    for (const waits of [false, true]) {
      const { disk, store } = await opened();
      await append(store, 'one', stamp(ALICE, 1));
      const fault = disk.inject({ on: 'flush', path: 's/journal', effect: { throws: 'io' } });
      const failed = await append(store, 'two', stamp(ALICE, 2)).catch((error: unknown) => error);
      expect(failed).toMatchObject({ outcome: 'unknown' });
      fault.cancel();
      if (waits) await disk.advanceAsync(3_000);
      const sent = append(store, 'two', stamp(ALICE, 2));
      await disk.advanceAsync(3_000);
      expect(await sent).toMatchObject({ firstLsn: 2 });
      expect(await append(store, 'two', stamp(ALICE, 2))).toMatchObject({ firstLsn: 2 });
      expect(readAll(store)).toEqual([shown(1, 'one'), shown(2, 'two')]);
    }
  });

  test('with other records is refused', async () => {
    const { store } = await opened();
    await append(store, 'one', stamp(ALICE, 1));
    const other = { ...grouped('one', 'two'), groups: undefined };
    const { groups: _, ...request } = other;
    await expect(store.append({ ...request, stamp: stamp(ALICE, 1) })).rejects.toMatchObject({
      code: 'BAD_MESSAGE',
    });
  });
});

describe('a message whose number makes no sense', () => {
  test.each([
    ['says that it was answered', stamp(ALICE, 2, 2), 'BAD_MESSAGE', 'not-written'],
    ['was answered, another one said', stamp(ALICE, 1, 0), 'OUTCOME_UNKNOWN', 'unknown'],
    ['is of nobody', stamp('0000000000000000', 1), 'BAD_MESSAGE', 'not-written'],
    ['has no number', stamp(ALICE, 0, 0), 'BAD_MESSAGE', 'not-written'],
    ['is no number', stamp(ALICE, 2.5, 1), 'BAD_MESSAGE', 'not-written'],
    ['is of a later generation', stamp(BOB, 1, 0, 99), 'OUTCOME_UNKNOWN', 'unknown'],
  ])('%s: nothing is appended', async (_name, under, code, outcome) => {
    const { store } = await opened();
    await append(store, 'one', stamp(ALICE, 1));
    await append(store, 'two', stamp(ALICE, 2, 1));
    await expect(append(store, 'x', under)).rejects.toMatchObject({ code, outcome });
    expect(store.status().lastLsn).toBe(2);
  });

  test('a refused message may be tried again, but not behind later ones; numbers may be left out', async () => {
    const { store, open } = await opened();
    await append(store, 'one', stamp(ALICE, 1));
    const refused = append(store, 'two', stamp(ALICE, 2), { expect: 7 });
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', outcome: 'not-written' });
    expect(await append(store, 'two', stamp(ALICE, 2))).toMatchObject({ firstLsn: 2 });
    const again = append(store, 'three', stamp(ALICE, 3, 1), { expect: 7 });
    await expect(again).rejects.toMatchObject({ code: 'CONFLICT' });
    // 4 and 5 were given up on their way.
    expect(await append(store, 'six', stamp(ALICE, 6, 1))).toMatchObject({ firstLsn: 3 });
    store.abandon();
    const next = await open();
    expect(await append(next, 'six', stamp(ALICE, 6, 1))).toMatchObject({ firstLsn: 3 });
    for (const passed of [3, 5]) {
      const late = append(next, 'late', stamp(ALICE, passed, 1));
      await expect(late).rejects.toMatchObject({ code: 'LEADER_LOST', outcome: 'not-written' });
    }
    // What lies in the inbox was promised: it may lose its place, nothing more; and it happens once.
    const owed = { ...stamp(ALICE, 5, 1), isOwed: true };
    expect(await append(next, 'owed', owed)).toMatchObject({ firstLsn: 4 });
    expect(await append(next, 'owed', owed)).toMatchObject({ firstLsn: 4 });
    const stream = await next.openUnit();
    await stream.write(new Uint8Array(30));
    const end = stream.commit({ type: 64, channel: 0, stamp: stamp(ALICE, 4, 1) });
    await expect(end).rejects.toMatchObject({ code: 'LEADER_LOST', outcome: 'not-written' });
    stream.abort();
    expect(next.status().lastLsn).toBe(4);
  });

  test(`of more than ${MESSAGES_MAX} unanswered ones the oldest is not remembered`, async () => {
    const { store } = await opened();
    for (let sequence = 1; sequence <= MESSAGES_MAX + 1; sequence++)
      await append(store, `${sequence}`, stamp(ALICE, sequence, 0));
    await expect(append(store, '1', stamp(ALICE, 1))).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    expect(await append(store, '2', stamp(ALICE, 2, 0))).toMatchObject({ firstLsn: 2 });
  });
});

describe('forgetting', () => {
  const name = (index: number): string =>
    (index + 1).toString(16).padStart(15, '0').padStart(16, '1');

  test(`of ${CLIENTS_MAX} and one clients the quietest is forgotten, and never appended twice`, async () => {
    const { store, open } = await opened();
    for (let index = 0; index <= CLIENTS_MAX; index++)
      await append(store, `${index}`, stamp(name(index), 1), { durability: 'relaxed' });
    // Who has come in the same generation, and was never here, is believed.
    expect(await append(store, 'new', stamp(BOB, 1))).toMatchObject({ firstLsn: CLIENTS_MAX + 2 });
    await expect(append(store, '0', stamp(name(0), 1))).rejects.toThrow('OUTCOME_UNKNOWN');
    await store.flush();
    store.abandon();
    const again = await open();
    const { lastLsn } = again.status();
    await expect(append(again, '0', stamp(name(0), 1))).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    expect(await append(again, '2', stamp(name(2), 1))).toMatchObject({ firstLsn: 3 });
    expect(again.status().lastLsn).toBe(lastLsn);
    const { generation } = again.status();
    await append(again, 'new', stamp(ALICE, 1, 0, generation));
    await expect(
      append(again, 'old', stamp('ca20100000000003', 1, 0, generation - 1)),
    ).rejects.toThrow('OUTCOME_UNKNOWN');
  });

  test('a forgotten client goes on with what it never sent; what it sent before stays unknown', async () => {
    const { store, open } = await opened();
    await append(store, 'one', stamp(ALICE, 1));
    await append(store, 'two', stamp(ALICE, 2, 0));
    for (let index = 0; index < CLIENTS_MAX; index++)
      await append(store, `${index}`, stamp(name(index), 1), { durability: 'relaxed' });
    const { lastLsn } = store.status();
    const third = append(store, 'three', stamp(ALICE, 3, 0, 2, false));
    expect(await third).toMatchObject({ firstLsn: lastLsn + 1 });
    let last = store;
    for (let life = 0; life < 2; life++) {
      for (const sequence of [1, 2])
        await expect(append(last, 'x', stamp(ALICE, sequence, 0))).rejects.toThrow(
          'OUTCOME_UNKNOWN',
        );
      const again = append(last, 'three', stamp(ALICE, 3, 0));
      expect(await again).toMatchObject({ firstLsn: lastLsn + 1 });
      last.abandon();
      last = await open();
    }
  });

  test('a table too long for a batch is kept in fragments, through closes and checkpoints', async () => {
    const { store, open } = await opened();
    for (let index = 0; index < 100; index++)
      await append(store, `${index}`, stamp(name(index), 1), { durability: 'relaxed' });
    await store.checkpoint(Uint8Array.of(1), 100);
    await store.close();
    const again = await open();
    await again.checkpoint(Uint8Array.of(2), 100);
    again.abandon();
    const last = await open();
    for (const index of [0, 50, 99])
      expect(await append(last, 'x', stamp(name(index), 1))).toMatchObject({ firstLsn: index + 1 });
    expect(last.status().lastLsn).toBe(100);
  });

  test('an import knows nobody: what was sent to its origin is not appended to it', async () => {
    const { store, disk } = await opened();
    await append(store, 'one', stamp(ALICE, 1));
    const host = disk.host();
    await importStore(host, 't', store.exportImage());
    const copy = await openStore(host, 't', SMALL);
    const { generation } = copy.status();
    await expect(append(copy, 'one', stamp(ALICE, 1))).rejects.toThrow('OUTCOME_UNKNOWN');
    expect(await append(copy, 'two', stamp(BOB, 1, 0, generation))).toMatchObject({ firstLsn: 2 });
    copy.abandon();
    const again = await openStore(host, 't', SMALL);
    expect(await append(again, 'two', stamp(BOB, 1, 0, generation))).toMatchObject({ firstLsn: 2 });
    // It joined after the import, and was never here: nobody needs to doubt that.
    const carol = stamp('ca20100000000003', 1, 0, generation);
    expect(await append(again, 'three', carol)).toMatchObject({ firstLsn: 3 });
  });
});

describe('a key of the caller’s', () => {
  const KEY = '02c0ffee00000007';
  const keyed = (key: string, more: Partial<ClientStamp> = {}): ClientStamp => ({
    ...stamp(key, 77, 0),
    isRepeated: false,
    ...more,
  });
  const keyOf = (index: number): string => `02${index.toString(16).padStart(14, '0')}`;

  test.each(['killed', 'closed', 'power'] as const)(
    'is known to the store that came after one that was %s, and to who never heard of the first',
    async (how) => {
      const { disk, open, store } = await opened();
      await disk.advanceAsync(61_000);
      await append(store, 'other', stamp(ALICE, 1));
      const both = [append(store, 'one', keyed(KEY)), append(store, 'one', keyed(KEY))];
      for (const { firstLsn } of await Promise.all(both)) expect(firstLsn).toBe(2);
      await store.append({ frames: frame('x', 12_000) });
      await store.checkpoint(Uint8Array.of(1), 3);
      let next = open;
      if (how === 'closed') await store.close();
      else if (how === 'killed') store.abandon();
      else {
        const cut = disk.powerCut('none');
        next = () => openStore(cut.host(), 's', SMALL);
      }
      for (let life = 0; life < 3; life++) {
        const again = await next();
        const { generation } = again.status();
        const late = keyed(KEY, { sinceGeneration: generation });
        expect(await append(again, 'one', late)).toMatchObject({ firstLsn: 2, count: 1 });
        expect(again.status().lastLsn).toBe(3);
        if (life === 1) await again.close();
        else again.abandon();
      }
    },
  );

  test('that another value was appended under is refused, and says where that one is', async () => {
    const { store, open } = await opened();
    await append(store, 'one', keyed(KEY));
    const other = keyed(KEY, { sequence: 78 });
    const refused = { code: 'KEY_REUSED', outcome: 'not-written', facts: { lsn: 1 } };
    await expect(append(store, 'two', other)).rejects.toMatchObject(refused);
    store.abandon();
    const again = await open();
    await expect(append(again, 'two', { ...other, sequence: 76 })).rejects.toMatchObject(refused);
    expect(again.status().lastLsn).toBe(1);
  });

  test('that failed may be used again: what was refused took no place', async () => {
    const { store } = await opened();
    const refused = append(store, 'one', keyed(KEY), { expect: 7 });
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', outcome: 'not-written' });
    expect(await append(store, 'two', keyed(KEY, { sequence: 5 }))).toMatchObject({ firstLsn: 1 });
  });

  test(`${KEYS_MAX} others later is new; and no number of them makes the log forget a client`, async () => {
    const { store, open } = await opened();
    await append(store, 'alice', stamp(ALICE, 1), { durability: 'relaxed' });
    const sent: ClientStamp[] = [];
    for (let index = 0; index <= KEYS_MAX; index++) {
      const afterLsn = store.status().durableLsn;
      sent.push(keyed(keyOf(index), { afterLsn, isRepeated: true }));
      await append(store, `${index}`, keyed(keyOf(index)), {
        durability: index % 100 === 0 ? 'strict' : 'relaxed',
      });
    }
    await store.flush();
    let last = store;
    for (const life of [1, 2, 3]) {
      const { lastLsn } = last.status();
      expect(await append(last, 'alice', stamp(ALICE, 1))).toMatchObject({ firstLsn: 1 });
      for (const index of [1, 2, 500, KEYS_MAX])
        expect(await append(last, `${index}`, sent[index]!)).toMatchObject({ firstLsn: index + 2 });
      // It was under way all the time, and nobody knows any more.
      await expect(append(last, '0', sent[0]!)).rejects.toThrow('OUTCOME_UNKNOWN');
      // First sent now, and again: it cannot be one of those that went.
      const now = keyed(keyOf(5_000 + life), { afterLsn: lastLsn, isRepeated: true });
      const more = keyed(keyOf(0), { sinceGeneration: last.status().generation });
      if (life < 3) expect(last.status().lastLsn).toBe(lastLsn);
      else {
        expect(await append(last, 'now', now)).toMatchObject({ firstLsn: lastLsn + 1 });
        // Said in the docs of `key`: one that was forgotten is new.
        expect(await append(last, '0', more)).toMatchObject({ firstLsn: lastLsn + 2 });
      }
      if (life === 1) await last.close();
      else last.abandon();
      last = await open();
    }
  });

  test('a crowd of clients makes the log forget no key', async () => {
    const { store, open } = await opened();
    await append(store, 'one', keyed(KEY));
    for (let index = 0; index <= CLIENTS_MAX; index++) {
      const client = (index + 1).toString(16).padStart(16, '1');
      await append(store, `${index}`, stamp(client, 1), { durability: 'relaxed' });
    }
    await store.close();
    const again = await open();
    expect(await append(again, 'one', keyed(KEY))).toMatchObject({ firstLsn: 1 });
  });

  test('is new to an import; one that was under way to its origin stays unknown', async () => {
    const { store, disk } = await opened();
    await append(store, 'one', keyed(KEY));
    const host = disk.host();
    await importStore(host, 't', store.exportImage());
    const copy = await openStore(host, 't', SMALL);
    const again = append(copy, 'one', keyed(KEY, { isRepeated: true }));
    await expect(again).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' });
    expect(await append(copy, 'one', keyed(KEY))).toMatchObject({ firstLsn: 2 });
  });
});

describe('a stream that ends under a stamp', () => {
  test('and is sent again, to this store or the next, happens once', async () => {
    const { store, open } = await opened();
    const send = async (to: Store): Promise<number> => {
      const unit = await to.openUnit();
      await unit.write(new Uint8Array(5_000).fill(7));
      return unit.commit({ type: 64, channel: 0, stamp: stamp(ALICE, 1) });
    };
    expect(await send(store)).toBe(1);
    expect(await send(store)).toBe(1);
    store.abandon();
    const again = await open();
    expect(await send(again)).toBe(1);
    expect(again.status()).toMatchObject({ lastLsn: 1, openUnits: 0 });
  });
});
