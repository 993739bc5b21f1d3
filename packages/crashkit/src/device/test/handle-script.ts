/**
 * Everything that a program may do with handles, one question after the other, with what came of each:
 * a value, or the name of the error. Real OPFS and the device must answer alike.
 */

type Root = FileSystemDirectoryHandle;

/** Not in TypeScript's library yet. */
type Movable = FileSystemFileHandle & {
  move(to: string | FileSystemDirectoryHandle, name?: string): Promise<void>;
};

/** @param root an empty folder */
export async function answersOf(root: Root): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  const ask = async (question: string, operation: () => unknown): Promise<void> => {
    if (question in answers) throw new Error(`asked twice: ${question}`);
    try {
      answers[question] = JSON.stringify(await operation()) ?? 'nothing';
    } catch (error) {
      answers[question] = error instanceof Error ? error.name : String(error);
    }
  };
  await askOfHandles(root, ask);
  await askOfNames(root, ask);
  await askOfMoves(root, ask);
  return answers;
}

type Ask = (question: string, operation: () => unknown) => Promise<void>;

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new TextEncoder().encode(text));
const text = (buffer: AllowSharedBufferSource): string => {
  const view = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
  return String.fromCharCode(...view).replaceAll('\0', '_');
};

const create = (root: Root, name: string): Promise<Movable> =>
  root.getFileHandle(name, { create: true }) as Promise<Movable>;

async function put(root: Root, name: string, content: string): Promise<Movable> {
  const file = await create(root, name);
  const handle = await file.createSyncAccessHandle();
  handle.write(bytes(content), { at: 0 });
  handle.close();
  return file;
}

async function askOfHandles(root: Root, ask: Ask): Promise<void> {
  const file = await create(root, 'file');
  await ask('size of a new file', async () => (await file.getFile()).size);
  const handle = await file.createSyncAccessHandle();
  const rest = (options?: { at: number }): [number, string] => {
    const buffer = new Uint8Array(4);
    return [handle.read(buffer, options), text(buffer)];
  };
  await ask('write at the start', () => handle.write(bytes('abc')));
  await ask('write on', () => handle.write(bytes('def').buffer));
  await ask('write at a place', () => handle.write(bytes('B'), { at: 1 }));
  await ask('write on from there', () => handle.write(new DataView(bytes('C').buffer)));
  await ask('read on', () => rest());
  await ask('read at the end', () => rest());
  await ask('read at the start', () => rest({ at: 0 }));
  await ask('read on again', () => rest());
  await ask('read far beyond the end', () => rest({ at: 100 }));
  await ask('write on after that', () => handle.write(bytes('g')));
  await ask('size after that', () => handle.getSize());
  await ask('truncate', () => handle.truncate(3));
  await ask('write on after a cut', () => handle.write(bytes('x')));
  await ask('all of it', () => rest({ at: 0 }));
  await ask('extend', () => handle.truncate(10));
  await ask('write on after an extension', () => handle.write(bytes('y')));
  await ask('the middle', () => rest({ at: 3 }));
  await ask('write beyond the end', () => handle.write(bytes('z'), { at: 12 }));
  await ask('the gap', () => rest({ at: 9 }));
  await ask('write nothing', () => handle.write(new Uint8Array(0), { at: 50 }));
  await ask('size after nothing', () => handle.getSize());
  await ask('read at a fraction', () => rest({ at: 1.9 }));
  for (const at of [-1, NaN, Infinity, 2 ** 53]) {
    await ask(`read at ${at}`, () => rest({ at }));
    await ask(`write at ${at}`, () => handle.write(bytes('x'), { at }));
    await ask(`truncate to ${at}`, () => handle.truncate(at));
  }
  await ask('flush', () => handle.flush());
  await ask('a second handle', () => file.createSyncAccessHandle());
  await ask('the file while it is open', async () => (await file.getFile()).size);
  await ask('removing it while it is open', () => root.removeEntry('file'));
  await ask('moving it while it is open', () => file.move('moved'));
  await ask('the name after that', () => file.name);
  handle.close();
  await ask('closing again', () => handle.close());
  await ask('read of a closed one', () => rest());
  await ask('write of a closed one', () => handle.write(bytes('x')));
  await ask('truncate of a closed one', () => handle.truncate(0));
  await ask('size of a closed one', () => handle.getSize());
  await ask('flush of a closed one', () => handle.flush());
  await ask('opening it again', async () => (await file.createSyncAccessHandle()).close());
  await ask('its text', async () => text(await (await file.getFile()).arrayBuffer()));
  // Not every browser refuses to move it.
  await root.removeEntry('file').catch(() => root.removeEntry('moved'));
  await ask('a handle of a removed file', () => file.createSyncAccessHandle());
  await ask('the content of a removed file', () => file.getFile());
}

async function namesIn(folder: Root): Promise<string[]> {
  const names: string[] = [];
  for await (const [name, { kind }] of folder.entries()) names.push(`${kind} ${name}`);
  return names.sort();
}

async function askOfNames(root: Root, ask: Ask): Promise<void> {
  for (const name of ['', '.', '..', 'a/b', '/']) {
    await ask(`a file named "${name}"`, () => create(root, name));
    await ask(`a folder named "${name}"`, () => root.getDirectoryHandle(name, { create: true }));
    await ask(`removing "${name}"`, () => root.removeEntry(name));
  }
  for (const name of ['a b', '%20', 'ä', '日本', '~', "it's (1).txt", '...', 'UPPER', 'upper']) {
    await ask(`writing "${name}"`, async () => void (await put(root, name, name)));
    await ask(`its name, "${name}"`, async () => (await root.getFileHandle(name)).name);
    await ask(`removing a file "${name}"`, () => root.removeEntry(name));
  }
  await ask('a file that is not there', () => root.getFileHandle('none'));
  await ask('a folder that is not there', () => root.getDirectoryHandle('none'));
  await ask('removing what is not there', () => root.removeEntry('none'));
  const folder = await root.getDirectoryHandle('folder', { create: true });
  const inner = await folder.getDirectoryHandle('inner', { create: true });
  const file = await put(inner, 'file', 'text');
  await ask('a folder as a file', () => root.getFileHandle('folder'));
  await ask('a folder as a new file', () => create(root, 'folder'));
  await ask('a file as a folder', () => inner.getDirectoryHandle('file'));
  await ask('a file as a new folder', () => inner.getDirectoryHandle('file', { create: true }));
  await ask('what is in it', () => namesIn(folder));
  await ask('kind and name', () => [folder.kind, folder.name, file.kind, file.name]);
  await ask('the way down', () => folder.resolve(file));
  await ask('the way to itself', () => folder.resolve(folder));
  await ask('the way up', () => inner.resolve(folder));
  await ask('the same folder', async () =>
    folder.isSameEntry(await root.getDirectoryHandle('folder')),
  );
  await ask('another folder', () => folder.isSameEntry(inner));
  await ask('the same file', async () => file.isSameEntry(await inner.getFileHandle('file')));
  await ask('a file and a folder', () => file.isSameEntry(inner));
  await ask('removing a full folder', () => root.removeEntry('folder'));
  const handle = await file.createSyncAccessHandle();
  await ask('removing a folder with an open file', () =>
    root.removeEntry('folder', { recursive: true }),
  );
  handle.close();
  await ask('removing it with all that is in it', () =>
    root.removeEntry('folder', { recursive: true }),
  );
  await ask('what is in a removed folder', () => namesIn(folder));
  await ask('a new file in a removed folder', () => create(folder, 'file'));
  await ask('a new folder in a removed folder', () =>
    folder.getDirectoryHandle('d', { create: true }),
  );
  await ask('removing in a removed folder', () => folder.removeEntry('inner'));
}

async function askOfMoves(root: Root, ask: Ask): Promise<void> {
  const folder = await root.getDirectoryHandle('place', { create: true });
  const file = await put(root, 'a', 'content of a');
  await put(root, 'b', 'content of b');
  const content = async (handle: FileSystemFileHandle): Promise<string> =>
    text(await (await handle.getFile()).arrayBuffer());
  await ask('moving over a file', () => file.move('b'));
  await ask('its name then', () => file.name);
  await ask('its content then', () => content(file));
  await ask('moving to where it is', () => file.move('b'));
  await ask('moving into a folder', () => file.move(folder));
  await ask('moving into a folder under a name', () => file.move(folder, 'c'));
  await ask('what is in the folder', () => namesIn(folder));
  await ask('what is in the root', () => namesIn(root));
  await ask('moving to a name that is none', () => file.move('x/y'));
  await ask('moving to no name', () => file.move(''));
  const taken = await put(folder, 'taken', '');
  const handle = await taken.createSyncAccessHandle();
  await ask('moving over an open file', () => file.move('taken'));
  handle.close();
  await folder.getDirectoryHandle('sub', { create: true });
  await ask('moving over a folder', () => file.move('sub'));
  await ask('what is in the folder at last', () => namesIn(folder));
  await folder.removeEntry(file.name);
  await ask('moving a removed file', () => file.move('d'));
}
