/** What every backend's files do. */
import type { SyncFile } from '../port.ts';
import { check, checkBytes, checkEqual, checkFault, checkThrows } from './check.ts';
import type { ConformanceCase } from './conformance-case.ts';

/** Bytes that differ from their neighbours, from other seeds and from zero. */
function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 1 + ((index * 31 + seed * 17) % 255));
}

function readAll(file: SyncFile): Uint8Array {
  const bytes = new Uint8Array(file.getSize());
  checkEqual(file.read(bytes, { at: 0 }), bytes.length, 'bytes read');
  return bytes;
}

export const fileCases: readonly ConformanceCase[] = [
  {
    name: 'what was written, flushed and closed is there when the file is opened again',
    async run({ folder }) {
      const first = await folder.openFile('a', { create: true });
      checkEqual(first.getSize(), 0, 'size of a new file');
      checkEqual(first.write(pattern(5000, 1), { at: 0 }), 5000, 'bytes written');
      first.flush();
      first.close();
      const again = await folder.openFile('a', { create: false });
      checkBytes(readAll(again), pattern(5000, 1), 'content');
      again.close();
    },
  },
  {
    name: 'create on a file that is there keeps its content',
    async run({ folder }) {
      const first = await folder.openFile('a', { create: true });
      first.write(pattern(10, 1), { at: 0 });
      first.close();
      const again = await folder.openFile('a', { create: true });
      checkBytes(readAll(again), pattern(10, 1), 'content');
      again.close();
    },
  },
  {
    name: 'a read past the end is short, never padded',
    async run({ folder }) {
      const file = await folder.openFile('a', { create: true });
      file.write(pattern(100, 1), { at: 0 });
      const buffer = new Uint8Array(64).fill(255);
      checkEqual(file.read(buffer, { at: 80 }), 20, 'bytes up to the end');
      checkBytes(buffer.subarray(20), new Uint8Array(44).fill(255), 'the rest of the buffer');
      checkEqual(file.read(buffer, { at: 100 }), 0, 'bytes at the end');
      checkEqual(file.read(buffer, { at: 1_000_000 }), 0, 'bytes far past the end');
      file.close();
    },
  },
  {
    name: 'a write beyond the end leaves zeros between',
    async run({ folder }) {
      const file = await folder.openFile('a', { create: true });
      file.write(pattern(3, 1), { at: 0 });
      file.write(pattern(3, 2), { at: 140_000 });
      checkEqual(file.getSize(), 140_003, 'size');
      const expected = new Uint8Array(140_003);
      expected.set(pattern(3, 1), 0);
      expected.set(pattern(3, 2), 140_000);
      checkBytes(readAll(file), expected, 'content');
      file.close();
    },
  },
  {
    name: 'overwriting changes exactly the bytes of the view that was given',
    async run({ folder }) {
      const file = await folder.openFile('a', { create: true });
      file.write(pattern(10_000, 1), { at: 0 });
      const whole = pattern(9_000, 2);
      checkEqual(file.write(whole.subarray(100, 4_300), { at: 4_000 }), 4_200, 'bytes written');
      const expected = pattern(10_000, 1);
      expected.set(whole.subarray(100, 4_300), 4_000);
      checkBytes(readAll(file), expected, 'content');
      const window = new Uint8Array(50).fill(255);
      file.read(window.subarray(10, 20), { at: 5 });
      checkBytes(window.subarray(20), new Uint8Array(30).fill(255), 'buffer after the view');
      checkBytes(window.subarray(10, 20), expected.subarray(5, 15), 'view');
      file.close();
    },
  },
  {
    name: 'the caller may reuse its buffer as soon as write returns',
    async run({ folder }) {
      const file = await folder.openFile('a', { create: true });
      const buffer = pattern(5_000, 1);
      file.write(buffer, { at: 0 });
      buffer.fill(0);
      checkBytes(readAll(file), pattern(5_000, 1), 'content');
      file.close();
    },
  },
  {
    name: 'truncate cuts, and what it extends reads as zero, even where bytes once were',
    async run({ folder }) {
      const file = await folder.openFile('a', { create: true });
      file.write(pattern(9_000, 1), { at: 0 });
      file.truncate(5_001);
      checkEqual(file.getSize(), 5_001, 'size after the cut');
      file.truncate(20_000);
      const expected = new Uint8Array(20_000);
      expected.set(pattern(9_000, 1).subarray(0, 5_001));
      checkBytes(readAll(file), expected, 'content');
      file.truncate(0);
      checkEqual(file.getSize(), 0, 'size after truncate(0)');
      file.close();
    },
  },
  {
    name: 'a megabyte goes in and comes out in one piece',
    async run({ folder }) {
      const file = await folder.openFile('a', { create: true });
      const bytes = pattern(1 << 20, 3);
      checkEqual(file.write(bytes, { at: 777 }), bytes.length, 'bytes written');
      const back = new Uint8Array(bytes.length);
      checkEqual(file.read(back, { at: 777 }), bytes.length, 'bytes read');
      checkBytes(back, bytes, 'content');
      file.close();
    },
  },
  {
    name: 'an empty write changes nothing, and a flush of nothing succeeds',
    async run({ folder }) {
      const file = await folder.openFile('a', { create: true });
      file.flush();
      checkEqual(file.write(new Uint8Array(0), { at: 0 }), 0, 'bytes written');
      checkEqual(file.getSize(), 0, 'size');
      file.flush();
      file.close();
    },
  },
  {
    name: 'two files do not see each other',
    async run({ folder }) {
      const a = await folder.openFile('a', { create: true });
      const b = await folder.openFile('b', { create: true });
      a.write(pattern(4_096, 1), { at: 0 });
      b.write(pattern(4_096, 2), { at: 0 });
      a.flush();
      a.truncate(10);
      checkBytes(readAll(b), pattern(4_096, 2), 'the other file');
      a.close();
      b.close();
    },
  },
  {
    name: 'a second open of an open file fails with busy, and works after the close',
    async run({ folder }) {
      const first = await folder.openFile('a', { create: true });
      await checkFault(folder.openFile('a', { create: false }), 'busy');
      await checkFault(folder.openFile('a', { create: true }), 'busy');
      first.write(pattern(10, 1), { at: 0 });
      first.close();
      const second = await folder.openFile('a', { create: false });
      checkBytes(readAll(second), pattern(10, 1), 'content');
      second.close();
    },
  },
  {
    name: 'of many that open a file at once exactly one gets it',
    async run({ folder }) {
      (await folder.openFile('a', { create: true })).close();
      const attempts = await Promise.allSettled(
        Array.from({ length: 8 }, () => folder.openFile('a', { create: false })),
      );
      const opened = attempts.filter((attempt) => attempt.status === 'fulfilled');
      checkEqual(opened.length, 1, 'opened');
      for (const { value } of opened) value.close();
    },
  },
  {
    name: 'close is idempotent, and a closed file refuses work',
    async run({ folder }) {
      const file = await folder.openFile('a', { create: true });
      file.close();
      file.close();
      checkThrows(() => file.read(new Uint8Array(1), { at: 0 }), 'read');
      checkThrows(() => file.write(new Uint8Array(1), { at: 0 }), 'write');
      checkThrows(() => file.truncate(1), 'truncate');
      checkThrows(() => file.getSize(), 'getSize');
      checkThrows(() => file.flush(), 'flush');
      const again = await folder.openFile('a', { create: false });
      file.close();
      await checkFault(folder.openFile('a', { create: false }), 'busy');
      again.close();
    },
  },
  {
    name: 'opening a file that is not there fails with not-found and makes nothing',
    async run({ folder }) {
      await checkFault(folder.openFile('a', { create: false }), 'not-found');
      check(!(await folder.hasFile('a')), 'the name is still free');
      checkEqual(await folder.list(), [], 'list');
    },
  },
  {
    name: 'a removed file is gone, a new one of that name is empty, an open one is busy',
    async run({ folder }) {
      await folder.removeFile('a');
      const file = await folder.openFile('a', { create: true });
      file.write(pattern(100, 1), { at: 0 });
      await checkFault(folder.removeFile('a'), 'busy');
      check(await folder.hasFile('a'), 'an open file stays');
      file.close();
      await folder.removeFile('a');
      check(!(await folder.hasFile('a')), 'the name is gone');
      const fresh = await folder.openFile('a', { create: true });
      checkEqual(fresh.getSize(), 0, 'size of the new file');
      fresh.close();
    },
  },
  {
    name: 'names that are not plain are refused',
    async run({ folder }) {
      for (const name of ['', '.', '..', 'a/b', 'a\\b', 'ä', 'a b', 'a'.repeat(201)]) {
        await checkFault(folder.openFile(name, { create: true }), 'denied');
        await checkFault(folder.directory(name, { create: true }), 'denied');
      }
      checkEqual(await folder.list(), [], 'list');
      const longest = `${'%41-_.'.repeat(33)}zz`;
      (await folder.openFile(longest, { create: true })).close();
      check(await folder.hasFile(longest), 'a name of 200 plain characters works');
    },
  },
];
