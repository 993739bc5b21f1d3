/** A file's name in the shape of a browser's `FileSystemFileHandle`. It holds nothing open. */
import type { SimulatedDirectory } from '@varve/files/simulated';
import { domError, inDomErrorsAsync } from './dom-error.ts';
import {
  folderAt,
  isSamePlace,
  pathOf,
  placeOf,
  prefixOf,
  putPlace,
  type Entry,
  type Place,
} from './place.ts';
import { SyncAccessHandle } from './sync-access-handle.ts';

export class FileHandle {
  readonly kind = 'file';
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = putPlace(this, place);
  }

  get name(): string {
    return this.#place.name;
  }

  /** @throws NoModificationAllowedError while the file is open */
  async createSyncAccessHandle(options: { mode?: string } = {}): Promise<SyncAccessHandle> {
    const { mode = 'readwrite' } = options;
    if (mode !== 'readwrite') {
      throw domError('NotSupportedError', `the mode ${mode} is not simulated`);
    }
    const folder = await this.#folderOfFile();
    const opening = folder.openFile(this.#place.name, { create: false });
    return new SyncAccessHandle(await inDomErrorsAsync(() => opening));
  }

  /** The file as it reads now: a copy, which later writes do not change. */
  async getFile(): Promise<File> {
    await this.#folderOfFile();
    const { disk } = this.#place;
    const path = pathOf(this.#place);
    const effect = disk.faults.strike('read', path);
    if (effect !== undefined && 'throws' in effect) {
      throw domError('NotReadableError', `simulated read failure of ${this.name}`);
    }
    const bytes = new Uint8Array(disk.peek(path));
    return new File([bytes], this.name, { lastModified: disk.time.wallMs() });
  }

  /** `move(name)`, `move(folder)` or `move(folder, name)`: over a file that is there, in one step. */
  async move(to: string | Entry, name: string = this.name): Promise<void> {
    const newName = typeof to === 'string' ? to : name;
    const destination = typeof to === 'string' ? undefined : placeOf(to);
    if (typeof to !== 'string' && (destination === undefined || to.kind !== 'directory')) {
      throw new TypeError('not a directory of this device');
    }
    const folder = destination === undefined ? this.#place.folder : prefixOf(destination);
    const source = await this.#folderOfFile();
    const target = folderAt(this.#place.disk, folder);
    if ((await target.kindOf(newName)) === 'directory') {
      throw domError('InvalidModificationError', `${newName} is a directory`);
    }
    await inDomErrorsAsync(() => source.moveFile(this.#place.name, target, newName));
    this.#place.folder = folder;
    this.#place.name = newName;
  }

  async createWritable(): Promise<never> {
    throw domError(
      'NotSupportedError',
      'createWritable is not simulated: test what goes through createSyncAccessHandle',
    );
  }

  async isSameEntry(other: Entry): Promise<boolean> {
    return isSamePlace(this, other);
  }

  async #folderOfFile(): Promise<SimulatedDirectory> {
    const { disk, folder, name } = this.#place;
    const directory = folderAt(disk, folder);
    const kind = await directory.kindOf(name);
    if (kind === undefined) throw domError('NotFoundError', `no file ${name}`);
    if (kind === 'directory') throw domError('TypeMismatchError', `${name} is a directory`);
    return directory;
  }
}
