/**
 * A folder of the origin private file system.
 *
 * Always true: what was cleared under an open store is seen as gone, and what was made since is found.
 * A look for a file (`hasFile`), and whatever makes or removes something, resolves the whole path anew
 * from the origin's root. Opening what is there begins at the folder that was found last, five calls to
 * another process fewer when a follower takes over, and at the root when that one refuses, for whatever
 * reason.
 */
import { FileFault, faultOf } from '../fault.ts';
import { checkPlainName } from '../plain-name.ts';
import type { Directory, SyncFile } from '../port.ts';
import { answered } from './answered.ts';
import { whileBusy } from './back-off.ts';
import { OpfsFile, closings } from './opfs-file.ts';

const REMOVE_WAIT_MS = 500;

export class OpfsDirectory implements Directory {
  readonly #path: readonly string[];
  readonly #openWaitMs: number;
  /** As it was found last; may be gone. */
  #known: FileSystemDirectoryHandle | undefined;

  /** @param openWaitMs how long an open waits for a handle that a dead context still seems to hold */
  constructor(path: readonly string[], openWaitMs: number, known?: FileSystemDirectoryHandle) {
    this.#path = path;
    this.#openWaitMs = openWaitMs;
    this.#known = known;
  }

  async openFile(name: string, options: { create: boolean }): Promise<SyncFile> {
    checkPlainName(name);
    await closings.over();
    const ask = (folder: FileSystemDirectoryHandle): Promise<FileSystemFileHandle> =>
      folder.getFileHandle(name, options);
    const file = await (options.create ? this.#resolve(true).then(ask) : this.#inKnown(ask));
    const handle = await whileBusy(this.#openWaitMs, () => file.createSyncAccessHandle());
    return new OpfsFile(handle, () => this.hasFile(name));
  }

  async hasFile(name: string): Promise<boolean> {
    checkPlainName(name);
    return answered(async () => {
      const folder = await this.#resolve(false).catch(unlessAbsent);
      const file = await folder?.getFileHandle(name).catch(unlessAbsentOrOther);
      return file !== undefined;
    });
  }

  async removeFile(name: string): Promise<void> {
    checkPlainName(name);
    await closings.over();
    const folder = await this.#resolve(false).catch(unlessAbsent);
    const file = await folder?.getFileHandle(name).catch(unlessAbsent);
    if (folder === undefined || file === undefined) return;
    await whileBusy(REMOVE_WAIT_MS, () => folder.removeEntry(name)).catch(unlessAbsent);
  }

  async directory(name: string, options: { create: boolean }): Promise<Directory | undefined> {
    checkPlainName(name);
    const ask = (folder: FileSystemDirectoryHandle): Promise<FileSystemDirectoryHandle> =>
      folder.getDirectoryHandle(name, options);
    const asked = options.create ? this.#resolve(true).then(ask) : this.#inKnown(ask);
    const inner = await asked.catch(unlessAbsent);
    if (inner !== undefined)
      return new OpfsDirectory([...this.#path, name], this.#openWaitMs, inner);
    if (options.create) throw new FileFault('io', `could not make the folder ${name}`);
    return undefined;
  }

  async removeDirectory(name: string): Promise<void> {
    checkPlainName(name);
    await closings.over();
    const folder = await this.#resolve(false).catch(unlessAbsent);
    const inner = await folder?.getDirectoryHandle(name).catch(unlessAbsent);
    if (folder === undefined || inner === undefined) return;
    const remove = (): Promise<void> => folder.removeEntry(name, { recursive: true });
    await whileBusy(REMOVE_WAIT_MS, remove).catch(unlessAbsent);
  }

  async list(): Promise<{ name: string; kind: 'file' | 'directory' }[]> {
    const found: { name: string; kind: 'file' | 'directory' }[] = [];
    const folder = await this.#resolve(false).catch(unlessAbsent);
    if (folder === undefined) return found;
    for await (const [name, { kind }] of folder.entries()) found.push({ name, kind });
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #inKnown<T>(ask: (folder: FileSystemDirectoryHandle) => Promise<T>): Promise<T> {
    if (this.#known !== undefined) {
      try {
        return await ask(this.#known);
      } catch {
        // From the root, whose answer counts.
      }
    }
    this.#known = undefined;
    const folder = await this.#resolve(false);
    this.#known = folder;
    return ask(folder);
  }

  async #resolve(create: boolean): Promise<FileSystemDirectoryHandle> {
    let folder = await navigator.storage.getDirectory();
    for (const name of this.#path) folder = await folder.getDirectoryHandle(name, { create });
    return folder;
  }
}

function unlessAbsent(error: unknown): undefined {
  if (faultOf(error) !== 'not-found') throw error;
}

/** A folder of that name is no file of that name. */
function unlessAbsentOrOther(error: unknown): undefined {
  if (error instanceof DOMException && error.name === 'TypeMismatchError') return;
  unlessAbsent(error);
}
