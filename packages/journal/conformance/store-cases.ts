/**
 * What a store does on every backend alike: memory, the simulated disk, files in Node, and OPFS in
 * real browsers. No test framework is needed.
 */
import type { Host } from '@varve/files';
import { check, checkBytes, checkEqual, type NamedCase } from '@varve/files/conformance';
import {
  deleteStore,
  importStore,
  listStores,
  openStore,
  type Store,
  type StoreOptions,
} from '../src/index.ts';
import { frame, join, readAll, refusalOf, shown } from './records.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };
const LENGTHS = [20, 100, 700, 3_000, 9_000];

interface StoreCase {
  readonly name: string;
  readonly run: (
    open: (options?: Partial<StoreOptions>) => Promise<Store>,
    host: Host,
    name: string,
  ) => Promise<void>;
}

const CASES: readonly StoreCase[] = [
  {
    name: 'gives back what was appended, over many segments, both ways, after a clean close',
    run: async (open) => {
      const store = await open();
      const expected: string[] = [];
      for (let index = 0; index < 120; index++) {
        const length = LENGTHS[index % 5]!;
        const { firstLsn } = await store.append({ frames: frame(`r${index}-`, length) });
        expected.push(shown(firstLsn, `r${index}-`, length));
      }
      checkEqual(readAll(store), expected, 'read forward');
      checkEqual(readAll(store, true), [...expected].reverse(), 'read backward');
      await store.close();
      const again = await open();
      check(again.status().recovery.clean, 'the close was clean');
      checkEqual(readAll(again), expected, 'read after reopening');
      await again.append({ frames: frame('last') });
      checkEqual(readAll(again).at(-1), shown(121, 'last'), 'appended after reopening');
      await again.close();
    },
  },
  {
    name: 'abandoned mid-way it recovers everything acknowledged, again and again',
    run: async (open) => {
      const expected: string[] = [];
      for (let round = 0; round < 12; round++) {
        const store = await open();
        checkEqual(readAll(store), expected, `round ${round}`);
        for (let index = 0; index < 5; index++) {
          const length = LENGTHS[(index + round) % 5]!;
          const text = `${round}.${index}-`;
          const { firstLsn } = await store.append({ frames: frame(text, length) });
          expected.push(shown(firstLsn, text, length));
        }
        store.abandon();
      }
    },
  },
  {
    name: 'a batch larger than a segment is atomic and gets LSNs without a gap',
    run: async (open) => {
      const store = await open();
      await store.append({ frames: frame('before') });
      const frames = join(Array.from({ length: 200 }, (_, index) => frame(`x${index}`, 90)));
      const { firstLsn, count } = await store.append({ frames });
      checkEqual([firstLsn, count], [2, 200], 'where the batch went');
      await store.append({ frames: frame('after') });
      const all = readAll(store);
      checkEqual(all.length, 202, 'records');
      checkEqual(all[1], shown(2, 'x0', 90), 'its first record');
      checkEqual(readAll(store, true), [...all].reverse(), 'read backward');
      store.abandon();
      const again = await open();
      checkEqual(readAll(again), all, 'after recovery');
      await again.close();
    },
  },
  {
    name: 'a record larger than a segment is one record',
    run: async (open) => {
      const store = await open();
      await store.append({ frames: frame('abcdefg', 50_000) });
      checkEqual(readAll(store), [shown(1, 'abcdefg', 50_000)], 'the record');
      const { bytes, done } = store.readUnit(1, 7_000, 14);
      checkEqual([String.fromCharCode(...bytes), done], ['abcdefgabcdefg', false], 'a part of it');
      for (const at of [0, 9_999, 19_998, 29_997, 5, 39_996, 49_999]) {
        const part = store.readUnit(1, at, 9_999);
        checkEqual(String.fromCharCode(part.bytes[0]!), 'abcdefg'[at % 7], `the byte at ${at}`);
        checkEqual(
          [part.bytes.length, part.done],
          [Math.min(9_999, 50_000 - at), at + 9_999 >= 50_000],
          `the piece at ${at}`,
        );
      }
      await store.close();
    },
  },
  {
    name: 'streams interleave with appends; an aborted one leaves nothing visible',
    run: async (open) => {
      const store = await open();
      const kept = await store.openUnit();
      const dropped = await store.openUnit();
      const whole = new Uint8Array(15_000);
      for (let index = 0; index < 10; index++) {
        whole.fill(index, index * 1_500, (index + 1) * 1_500);
        await kept.write(new Uint8Array(1_500).fill(index));
        await dropped.write(new Uint8Array(900).fill(255));
        await store.append({ frames: frame(`i${index}`) });
      }
      dropped.abort();
      checkEqual(await kept.commit({ type: 64, channel: 3 }), 11, 'LSN of the stream');
      checkBytes(store.readUnit(11, 0, 1e9).bytes, whole, 'the stream');
      checkEqual(
        await refusalOf(() => dropped.write(new Uint8Array(1))),
        'ABORTED not-written',
        'after abort',
      );
      store.abandon();
      const again = await open();
      checkEqual(readAll(again).length, 11, 'records after recovery');
      checkBytes(again.readUnit(11, 0, 1e9).bytes, whole, 'the stream after recovery');
      await again.close();
    },
  },
  {
    name: 'a stream that was open when the store died leaves nothing, and its space is used again',
    run: async (open) => {
      const store = await open({ keep: 'checkpoint' });
      const unit = await store.openUnit();
      for (let index = 0; index < 20; index++) await unit.write(new Uint8Array(1_000));
      await store.append({ frames: frame('one') });
      store.abandon();
      const again = await open({ keep: 'checkpoint' });
      checkEqual(readAll(again), [shown(1, 'one')], 'after recovery');
      // The segment that was begun while the stream was open still names it; the next one does not.
      for (let index = 0; index < 10; index++) await again.append({ frames: frame('more', 500) });
      for (let twice = 0; twice < 2; twice++) await again.checkpoint(new Uint8Array(3), 11);
      check(again.status().segments.live <= 2, 'what only the dead stream held is retired');
      await again.close();
    },
  },
  {
    name: 'a checkpoint lets history go, its state comes back, slots are used again',
    run: async (open) => {
      const store = await open({ keep: 'checkpoint' });
      for (let round = 0; round < 15; round++) {
        for (let index = 0; index < 20; index++)
          await store.append({ frames: frame('payload', 200) });
        await store.checkpoint(new Uint8Array(900).fill(round), store.status().durableLsn - 3);
      }
      check(store.status().segments.total < 12, 'the file stays small');
      store.abandon();
      const again = await open({ keep: 'checkpoint' });
      const found = again.readState();
      checkEqual(found?.coveredLsn, 297, 'what the state covers');
      checkBytes(found!.state, new Uint8Array(900).fill(14), 'the state');
      checkEqual(
        readAll(again).map((record) => record.split(' ')[0]),
        ['298', '299', '300'],
        'what is left to replay',
      );
      await again.close();
    },
  },
  {
    name: 'a state larger than a batch comes back whole; one past the reserve is refused',
    run: async (open) => {
      const store = await open({ maxStateBytes: 20_000 });
      await store.append({ frames: frame('one') });
      const state = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251);
      await store.checkpoint(state, 1);
      checkEqual(
        await refusalOf(() => store.checkpoint(new Uint8Array(20_001), 1)),
        'STATE_TOO_LARGE',
        'too large',
      );
      checkEqual(
        await refusalOf(() => store.checkpoint(state, 2)),
        'BAD_ARGUMENT',
        'covering what is not there',
      );
      await store.close();
      const again = await open({ maxStateBytes: 20_000 });
      checkBytes(again.readState()!.state, state, 'the state');
      await again.close();
    },
  },
  {
    name: 'compare-and-append: of two with the same expectation one is refused, and nothing of it is there',
    run: async (open) => {
      const store = await open();
      await store.append({ frames: frame('one') });
      const attempts = [
        store.append({ frames: frame('two'), expect: 1 }),
        store.append({ frames: frame('no'), expect: 1 }),
      ];
      const settled = await Promise.all(attempts.map((attempt) => refusalOf(() => attempt)));
      checkEqual(settled, ['no refusal', 'CONFLICT not-written'], 'the two');
      checkEqual(readAll(store), [shown(1, 'one'), shown(2, 'two')], 'what is there');
      await store.close();
    },
  },
  {
    name: 'trimmed history is refused to whoever asks for it, and skipped by whoever does not',
    run: async (open) => {
      const store = await open();
      for (let index = 0; index < 40; index++) await store.append({ frames: frame('more', 500) });
      await store.trim(30);
      checkEqual(
        await refusalOf(() => store.readChunk({ after: 5, maxBytes: 1 })),
        'TRIMMED',
        'asked for',
      );
      checkEqual(readAll(store)[0], shown(30, 'more', 500), 'the first that is there');
      await store.close();
    },
  },
  {
    name: 'a closed store refuses everything, and closing again is fine',
    run: async (open) => {
      const store = await open();
      await store.append({ frames: frame('one') });
      await store.close();
      await store.close();
      const attempts = [
        () => store.append({ frames: frame('x') }),
        () => store.flush(),
        () => store.readChunk({ after: 0, maxBytes: 1 }),
        () => store.checkpoint(new Uint8Array(1), 1),
        () => store.trim(1),
        () => store.waitBeyond(0, 'durable'),
        () => store.readState(),
        () => store.openUnit(),
      ];
      for (const attempt of attempts) {
        const refusal = await refusalOf(attempt);
        check(refusal.startsWith('CLOSED'), `CLOSED, not ${refusal}`);
      }
    },
  },
  {
    name: 'read-only: everything can be read and nothing written',
    run: async (open) => {
      const store = await open();
      await store.append({ frames: frame('one') });
      store.abandon();
      const again = await open({ readOnly: true });
      checkEqual(readAll(again), [shown(1, 'one')], 'read');
      checkEqual(
        await refusalOf(() => again.append({ frames: frame('x') })),
        'READ_ONLY not-written',
        'append',
      );
      await again.close();
    },
  },
  {
    name: 'an export becomes the same store under another name, with a lineage of its own',
    run: async (open, host, name) => {
      const store = await open();
      for (let index = 0; index < 30; index++)
        await store.append({ frames: frame(`e${index}`, 400) });
      await store.checkpoint(new Uint8Array(5).fill(1), 10);
      const pieces: Uint8Array[] = [];
      for await (const piece of store.exportImage()) pieces.push(piece);
      const copy = `${name}-copy`;
      await deleteStore(host, copy);
      await importStore(host, copy, pieces);
      checkEqual(
        await refusalOf(() => importStore(host, copy, pieces)),
        'CONFLICT',
        'the name is taken',
      );
      const imported = await openStore(host, copy, SMALL);
      checkEqual(readAll(imported), readAll(store), 'records');
      checkEqual(imported.readState()?.coveredLsn, 10, 'the state');
      check(imported.status().lineageId !== store.status().lineageId, 'another lineage');
      await imported.append({ frames: frame('goes on') });
      await imported.close();
      check(
        (await listStores(host)).some((entry) => entry.name === copy),
        'it is listed',
      );
      await deleteStore(host, copy);
      check(!(await listStores(host)).some((entry) => entry.name === copy), 'deleted it is gone');
      await store.close();
    },
  },
  {
    name: 'a store that is open elsewhere is busy; one that is not there is not found',
    run: async (open, host, name) => {
      const store = await open();
      checkEqual(
        await refusalOf(() => openStore(host, name, SMALL)),
        'STORE_BUSY',
        'opening it again',
      );
      checkEqual(await refusalOf(() => deleteStore(host, name)), 'STORE_BUSY', 'deleting it');
      checkEqual(
        await refusalOf(() => openStore(host, `${name}-never`, { ...SMALL, create: false })),
        'NOT_FOUND',
        'opening without making',
      );
      await store.close();
    },
  },
  {
    name: 'the files gone and the witness there: STORE_LOST, never a silent fresh start',
    run: async (open, host, name) => {
      const store = await open();
      await store.append({ frames: frame('one') });
      await store.close();
      await host.root.removeDirectory(name);
      checkEqual(await refusalOf(open), 'STORE_LOST', 'opening');
      checkEqual(await refusalOf(open), 'STORE_LOST', 'and again');
      await deleteStore(host, name);
      const fresh = await open();
      checkEqual(readAll(fresh), [], 'once deleted, a fresh one');
      await fresh.close();
    },
  },
];

/** @param prefix keeps runs apart on hosts that remember; letters, digits and dashes */
export function storeCases(hostOf: () => Host, prefix: string): readonly NamedCase[] {
  return CASES.map(({ name, run }, index) => ({
    name,
    run: async () => {
      const host = hostOf();
      const store = `${prefix}-${index}`;
      await deleteStore(host, store);
      await run((options) => openStore(host, store, { ...SMALL, ...options }), host, store);
      await deleteStore(host, store);
    },
  }));
}
