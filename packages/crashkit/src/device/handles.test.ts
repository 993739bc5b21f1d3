import { conformanceCases } from '@varve/files/conformance';
import { createOpfsHost } from '@varve/files/opfs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createDevice, SimulatedCrash, type DirectoryHandle, type FileHandle } from './index.ts';

afterEach(() => void vi.unstubAllGlobals());

describe('Varve’s own OPFS backend takes the device for a browser', () => {
  const device = createDevice();
  const host = {
    ...device.host(),
    root: createOpfsHost({ rootName: 'root', openWaitMs: 0 }).root,
  };
  const passTime = async (ms: number): Promise<void> => device.advance(ms);
  for (const { name, run } of conformanceCases(() => host, passTime)) {
    test(name, () => {
      vi.stubGlobal('navigator', { storage: { getDirectory: () => device.directory() } });
      return run();
    });
  }
});

test('the handles have the types of the web’s own', async () => {
  const root: FileSystemDirectoryHandle = await createDevice().directory();
  const file: FileSystemFileHandle = await root.getFileHandle('a', { create: true });
  const handle: FileSystemSyncAccessHandle = await file.createSyncAccessHandle();
  expect(handle.getSize()).toBe(0);
  handle.close();
  expect(await file.getFile()).toBeInstanceOf(File);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const nameOf = (error: unknown): string => (error as Error).name;
const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => 'nothing was thrown', nameOf);
const thrown = (operation: () => unknown): string => {
  try {
    operation();
  } catch (error) {
    return nameOf(error);
  }
  return 'nothing was thrown';
};

async function fileIn(root: DirectoryHandle, name: string, text: string): Promise<FileHandle> {
  const file = await root.getFileHandle(name, { create: true });
  const handle = await file.createSyncAccessHandle();
  handle.write(bytes(text));
  handle.close();
  return file;
}

const textOf = async (file: FileHandle): Promise<string> => (await file.getFile()).text();

describe('sync access handles', () => {
  test('reads and writes without a place go on where the last one ended', async () => {
    const root = await createDevice().directory();
    const handle = await (await root.getFileHandle('a', { create: true })).createSyncAccessHandle();
    handle.write(bytes('abc'));
    handle.write(bytes('def').buffer);
    handle.write(bytes('B'), { at: 1 });
    handle.write(bytes('C'));
    const two = new Uint8Array(2);
    expect(handle.read(two)).toBe(2);
    expect(two).toEqual(bytes('de'));
    expect(handle.read(two)).toBe(1);
    expect(handle.read(new DataView(new ArrayBuffer(6)), { at: 0 })).toBe(6);
    handle.truncate(2);
    handle.write(bytes('x'));
    handle.close();
    expect(await textOf(await root.getFileHandle('a'))).toBe('aBx');
  });

  test('a place that is none is a TypeError, a closed handle an InvalidStateError', async () => {
    const root = await createDevice().directory();
    const handle = await (await fileIn(root, 'a', '')).createSyncAccessHandle();
    for (const at of [-1, NaN, Infinity]) {
      expect(thrown(() => handle.read(new Uint8Array(1), { at }))).toBe('TypeError');
      expect(thrown(() => handle.write(new Uint8Array(1), { at }))).toBe('TypeError');
      expect(thrown(() => handle.truncate(at))).toBe('TypeError');
    }
    handle.close();
    handle.close();
    for (const operation of [
      () => handle.read(new Uint8Array(1)),
      () => handle.write(new Uint8Array(1)),
      () => handle.truncate(0),
      () => handle.getSize(),
      () => handle.flush(),
    ]) {
      expect(thrown(operation)).toBe('InvalidStateError');
    }
  });

  test('a second handle, a move and a removal of an open file are refused', async () => {
    const root = await createDevice().directory();
    const file = await fileIn(root, 'a', 'a');
    const other = await fileIn(root, 'b', 'b');
    const handle = await file.createSyncAccessHandle();
    for (const attempt of [
      () => file.createSyncAccessHandle(),
      () => file.move('c'),
      () => other.move('a'),
      () => root.removeEntry('a'),
    ]) {
      expect(await refusal(attempt())).toBe('NoModificationAllowedError');
    }
    handle.close();
    (await file.createSyncAccessHandle()).close();
  });

  test('what is not simulated says so', async () => {
    const root = await createDevice().directory();
    const file = await fileIn(root, 'a', 'a');
    expect(await refusal(file.createWritable())).toBe('NotSupportedError');
    const mode = 'readwrite-unsafe';
    expect(await refusal(file.createSyncAccessHandle({ mode }))).toBe('NotSupportedError');
  });
});

describe('names', () => {
  test('any name is allowed that OPFS allows, and each is its own', async () => {
    const root = await createDevice().directory();
    const names = ['a b', 'a%20b', 'ä', '日本', '%', '~', "it's (1).txt", 'x'.repeat(250)];
    for (const name of names) await fileIn(root, name, name);
    const found: string[] = [];
    for await (const name of root.keys()) found.push(name);
    expect(found.sort()).toEqual(names.sort());
    for (const name of names) expect(await textOf(await root.getFileHandle(name))).toBe(name);
    for (const name of ['', '.', '..', 'a/b']) {
      expect(await refusal(root.getFileHandle(name, { create: true }))).toBe('TypeError');
      expect(await refusal(root.getDirectoryHandle(name, { create: true }))).toBe('TypeError');
      expect(await refusal(root.removeEntry(name))).toBe('TypeError');
    }
  });

  test('what is missing, of the other kind or not empty is refused by name', async () => {
    const root = await createDevice().directory();
    const folder = await root.getDirectoryHandle('folder', { create: true });
    const file = await fileIn(folder, 'file', '');
    expect(await refusal(root.getFileHandle('none'))).toBe('NotFoundError');
    expect(await refusal(root.getDirectoryHandle('none'))).toBe('NotFoundError');
    expect(await refusal(root.removeEntry('none'))).toBe('NotFoundError');
    expect(await refusal(root.getFileHandle('folder'))).toBe('TypeMismatchError');
    expect(await refusal(folder.getDirectoryHandle('file'))).toBe('TypeMismatchError');
    expect(await refusal(root.removeEntry('folder'))).toBe('InvalidModificationError');
    expect(await refusal(file.move(root, 'folder'))).toBe('InvalidModificationError');
    await root.removeEntry('folder', { recursive: true });
    expect(await refusal(file.createSyncAccessHandle())).toBe('NotFoundError');
    expect(await refusal(file.getFile())).toBe('NotFoundError');
    expect(await refusal(folder.getFileHandle('new', { create: true }))).toBe('NotFoundError');
    expect(await refusal(folder.entries().next())).toBe('NotFoundError');
  });

  test('entries, values and the handle itself give files and folders, by name', async () => {
    const root = await createDevice().directory();
    await root.getDirectoryHandle('b', { create: true });
    await fileIn(root, 'a', '');
    const seen: string[] = [];
    for await (const [name, handle] of root.entries()) seen.push(`${name} ${handle.kind}`);
    for await (const [name] of root) seen.push(name);
    for await (const handle of root.values()) seen.push(handle.name);
    expect(seen).toEqual(['a file', 'b directory', 'a', 'b', 'a', 'b']);
  });

  test('resolve gives the way down, and isSameEntry knows an entry again', async () => {
    const root = await createDevice().directory();
    const outer = await root.getDirectoryHandle('outer', { create: true });
    const inner = await outer.getDirectoryHandle('in ner', { create: true });
    const file = await fileIn(inner, 'file', '');
    expect(await root.resolve(file)).toEqual(['outer', 'in ner', 'file']);
    expect(await outer.resolve(inner)).toEqual(['in ner']);
    expect(await inner.resolve(inner)).toEqual([]);
    expect(await inner.resolve(outer)).toBeNull();
    expect(await (await createDevice().directory()).resolve(file)).toBeNull();
    expect(await file.isSameEntry(await inner.getFileHandle('file'))).toBe(true);
    expect(await file.isSameEntry(inner)).toBe(false);
    expect(await root.isSameEntry(await createDevice().directory())).toBe(false);
    expect([root.name, outer.name, file.name]).toEqual(['', 'outer', 'file']);
  });

  test('a moved file is the same file under its new name, over what was there', async () => {
    const root = await createDevice().directory();
    const folder = await root.getDirectoryHandle('folder', { create: true });
    const file = await fileIn(root, 'a', 'new');
    const old = await fileIn(folder, 'b', 'old');
    await file.move(folder, 'b');
    expect([file.name, await textOf(file), await textOf(old)]).toEqual(['b', 'new', 'new']);
    await file.move(root);
    await file.move('c');
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    expect(names).toEqual(['c', 'folder']);
    expect(await refusal(file.move(old))).toBe('TypeError');
  });
});

describe('faults have the names that browsers give them', () => {
  test('quota, a failing flush, a failing read, a short write', async () => {
    const device = createDevice({ quotaBytes: 10 });
    const root = await device.directory();
    const file = await fileIn(root, 'a', '0123456789');
    const handle = await file.createSyncAccessHandle();
    expect(thrown(() => handle.write(bytes('x')))).toBe('nothing was thrown');
    expect(thrown(() => handle.write(bytes('x'), { at: 10 }))).toBe('QuotaExceededError');
    expect(thrown(() => handle.truncate(11))).toBe('QuotaExceededError');
    device.quotaBytes = Infinity;
    device.inject({ on: 'flush', path: 'a', effect: { throws: 'io' } });
    expect(thrown(() => handle.flush())).toBe('InvalidStateError');
    device.inject({ on: 'read', path: 'a', effect: { short: 0 } });
    expect(handle.read(new Uint8Array(5), { at: 0 })).toBe(0);
    device.inject({ on: 'write', path: 'a', effect: { short: 'half' } });
    expect(handle.write(bytes('four'), { at: 0 })).toBe(2);
    device.inject({ on: 'read', path: 'a', effect: { throws: 'io' } });
    expect(await refusal(file.getFile())).toBe('NotReadableError');
    handle.close();
    device.inject({ on: 'open', path: 'a', effect: { throws: 'busy' } });
    expect(await refusal(file.createSyncAccessHandle())).toBe('NoModificationAllowedError');
    device.inject({ on: 'create', path: 'b', effect: { throws: 'no-space' } });
    expect(await refusal(root.getFileHandle('b', { create: true }))).toBe('QuotaExceededError');
  });

  test('a dead machine says that it is dead, whatever is asked', async () => {
    const device = createDevice();
    const root = await device.directory();
    const file = await fileIn(root, 'a', 'a');
    const handle = await file.createSyncAccessHandle();
    device.crashAt(device.opCount + 1);
    expect(() => handle.flush()).toThrow(SimulatedCrash);
    expect(() => handle.getSize()).toThrow(SimulatedCrash);
    await expect(root.getFileHandle('a')).rejects.toThrow(SimulatedCrash);
    await expect(file.getFile()).rejects.toThrow(SimulatedCrash);
    handle.close();
    expect(device.crashed).toBe(true);
  });
});
