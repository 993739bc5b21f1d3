/** A folder in the shape of a browser's `FileSystemDirectoryHandle`. */
import { SimulatedDirectory } from '@varve/files/simulated';
import { domError, inDomErrorsAsync } from './dom-error.ts';
import { FileHandle } from './file-handle.ts';
import {
  isSamePlace,
  pathOf,
  placeOf,
  prefixOf,
  putPlace,
  type Entry,
  type Place,
} from './place.ts';
import { originalName, storedName } from './stored-name.ts';

export class DirectoryHandle {
  readonly kind = 'directory';
  readonly #place: Place;
  readonly #folder: SimulatedDirectory;

  constructor(place: Place) {
    this.#place = putPlace(this, place);
    this.#folder = new SimulatedDirectory(place.disk, prefixOf(place));
  }

  get name(): string {
    return originalName(this.#place.stored);
  }

  async getFileHandle(name: string, options: { create?: boolean } = {}): Promise<FileHandle> {
    const stored = storedName(name);
    const kind = await this.#folder.kindOf(stored);
    if (kind === 'directory') throw domError('TypeMismatchError', `${name} is a directory`);
    if (kind === undefined) {
      const { create = false } = options;
      const file = await inDomErrorsAsync(() => this.#folder.openFile(stored, { create }));
      file.close();
    }
    return new FileHandle(this.#inside(stored));
  }

  async getDirectoryHandle(
    name: string,
    options: { create?: boolean } = {},
  ): Promise<DirectoryHandle> {
    const stored = storedName(name);
    const kind = await this.#folder.kindOf(stored);
    if (kind === 'file') throw domError('TypeMismatchError', `${name} is a file`);
    const { create = false } = options;
    const inner = await inDomErrorsAsync(() => this.#folder.directory(stored, { create }));
    if (inner === undefined) throw domError('NotFoundError', `no directory ${name}`);
    return new DirectoryHandle(this.#inside(stored));
  }

  async removeEntry(name: string, options: { recursive?: boolean } = {}): Promise<void> {
    const stored = storedName(name);
    const kind = await this.#folder.kindOf(stored);
    if (kind === undefined) throw domError('NotFoundError', `no entry ${name}`);
    if (kind === 'file') return inDomErrorsAsync(() => this.#folder.removeFile(stored));
    const { disk } = this.#place;
    const inner = new SimulatedDirectory(disk, prefixOf(this.#inside(stored)));
    if (options.recursive !== true && (await inner.list()).length > 0) {
      throw domError('InvalidModificationError', `${name} is not empty`);
    }
    return inDomErrorsAsync(() => this.#folder.removeDirectory(stored));
  }

  /** What is in it when the iteration begins, by name. */
  async *entries(): AsyncGenerator<[string, DirectoryHandle | FileHandle], undefined> {
    for (const { name, kind } of await this.#folder.list()) {
      const place = this.#inside(name);
      yield [
        originalName(name),
        kind === 'file' ? new FileHandle(place) : new DirectoryHandle(place),
      ];
    }
    return undefined;
  }

  async *keys(): AsyncGenerator<string, undefined> {
    for await (const [name] of this.entries()) yield name;
    return undefined;
  }

  async *values(): AsyncGenerator<DirectoryHandle | FileHandle, undefined> {
    for await (const [, handle] of this.entries()) yield handle;
    return undefined;
  }

  [Symbol.asyncIterator](): AsyncGenerator<[string, DirectoryHandle | FileHandle], undefined> {
    return this.entries();
  }

  /** The names from here to `descendant`, or null when it lies elsewhere. */
  async resolve(descendant: Entry): Promise<string[] | null> {
    if (isSamePlace(this, descendant)) return [];
    const place = placeOf(descendant);
    const prefix = prefixOf(this.#place);
    if (place?.disk !== this.#place.disk || !pathOf(place).startsWith(prefix)) return null;
    return pathOf(place).slice(prefix.length).split('/').map(originalName);
  }

  async isSameEntry(other: Entry): Promise<boolean> {
    return isSamePlace(this, other);
  }

  #inside(stored: string): Place {
    return { disk: this.#place.disk, folder: prefixOf(this.#place), stored };
  }
}
