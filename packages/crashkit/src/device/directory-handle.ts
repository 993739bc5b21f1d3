/** A folder in the shape of a browser's `FileSystemDirectoryHandle`. */
import type { SimulatedDirectory } from '@varve/files/simulated';
import { domError, inDomErrorsAsync } from './dom-error.ts';
import { FileHandle } from './file-handle.ts';
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

export class DirectoryHandle {
  readonly kind = 'directory';
  readonly #place: Place;
  readonly #folder: SimulatedDirectory;

  constructor(place: Place) {
    this.#place = putPlace(this, place);
    this.#folder = folderAt(place.disk, prefixOf(place));
  }

  get name(): string {
    return this.#place.name;
  }

  async getFileHandle(name: string, options: { create?: boolean } = {}): Promise<FileHandle> {
    const kind = await this.#folder.kindOf(name);
    if (kind === 'directory') throw domError('TypeMismatchError', `${name} is a directory`);
    if (kind === undefined) {
      const { create = false } = options;
      const file = await inDomErrorsAsync(() => this.#folder.openFile(name, { create }));
      file.close();
    }
    return new FileHandle(this.#inside(name));
  }

  async getDirectoryHandle(
    name: string,
    options: { create?: boolean } = {},
  ): Promise<DirectoryHandle> {
    const kind = await this.#folder.kindOf(name);
    if (kind === 'file') throw domError('TypeMismatchError', `${name} is a file`);
    const { create = false } = options;
    const inner = await inDomErrorsAsync(() => this.#folder.directory(name, { create }));
    if (inner === undefined) throw domError('NotFoundError', `no directory ${name}`);
    return new DirectoryHandle(this.#inside(name));
  }

  async removeEntry(name: string, options: { recursive?: boolean } = {}): Promise<void> {
    const kind = await this.#folder.kindOf(name);
    if (kind === undefined) throw domError('NotFoundError', `no entry ${name}`);
    if (kind === 'file') return inDomErrorsAsync(() => this.#folder.removeFile(name));
    const { disk } = this.#place;
    const inner = folderAt(disk, prefixOf(this.#inside(name)));
    if (options.recursive !== true && (await inner.list()).length > 0) {
      throw domError('InvalidModificationError', `${name} is not empty`);
    }
    return inDomErrorsAsync(() => this.#folder.removeDirectory(name));
  }

  /** What is in it when the iteration begins, by name. */
  async *entries(): AsyncGenerator<[string, DirectoryHandle | FileHandle], undefined> {
    const { disk, folder, name: own } = this.#place;
    if (own !== '' && (await folderAt(disk, folder).kindOf(own)) !== 'directory') {
      throw domError('NotFoundError', `no directory ${own}`);
    }
    for (const { name, kind } of await this.#folder.list()) {
      const place = this.#inside(name);
      yield [name, kind === 'file' ? new FileHandle(place) : new DirectoryHandle(place)];
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
    return pathOf(place).slice(prefix.length).split('/');
  }

  async isSameEntry(other: Entry): Promise<boolean> {
    return isSamePlace(this, other);
  }

  #inside(name: string): Place {
    return { disk: this.#place.disk, folder: prefixOf(this.#place), name };
  }
}
