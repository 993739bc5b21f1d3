/**
 * Folders and files that live as long as the object that holds them.
 *
 * Always true: a node stays when its handle is closed; only a removal takes it away.
 */
import { FileFault } from '../fault.ts';
import { PagedBytes } from '../paged-bytes.ts';
import { checkPlainName } from '../plain-name.ts';
import type { Directory, FileView, SyncFile } from '../port.ts';
import { MemoryFile, type Budget, type FileNode } from './file.ts';

interface FolderNode {
  readonly kind: 'directory';
  readonly children: Map<string, FileNode | FolderNode>;
}

export class MemoryDirectory implements Directory {
  readonly #node: FolderNode;
  readonly #budget: Budget;

  constructor(budget: Budget, node: FolderNode = { kind: 'directory', children: new Map() }) {
    this.#budget = budget;
    this.#node = node;
  }

  async openFile(name: string, options: { create: boolean }): Promise<SyncFile> {
    checkPlainName(name);
    let node = this.#node.children.get(name);
    if (node === undefined) {
      if (!options.create) throw new FileFault('not-found', `no file ${name}`);
      node = { kind: 'file', bytes: new PagedBytes(), isOpen: false };
      this.#node.children.set(name, node);
    }
    if (node.kind !== 'file') throw new FileFault('io', `${name} is a folder`);
    if (node.isOpen) throw new FileFault('busy', `${name} is open already`);
    return new MemoryFile(node, this.#budget);
  }

  /** The file, be it open or not; undefined when it is absent. */
  view(name: string): FileView | undefined {
    const node = this.#node.children.get(name);
    if (node?.kind !== 'file') return undefined;
    const { bytes } = node;
    return {
      getSize: async () => bytes.size,
      async read(at, length) {
        return bytes.slice(at, Math.max(0, Math.min(length, bytes.size - at)));
      },
    };
  }

  async hasFile(name: string): Promise<boolean> {
    checkPlainName(name);
    return this.#node.children.get(name)?.kind === 'file';
  }

  async removeFile(name: string): Promise<void> {
    checkPlainName(name);
    const node = this.#node.children.get(name);
    if (node === undefined) return;
    if (node.kind !== 'file') throw new FileFault('io', `${name} is a folder`);
    if (node.isOpen) throw new FileFault('busy', `${name} is open`);
    this.#budget.usedBytes -= node.bytes.size;
    this.#node.children.delete(name);
  }

  async directory(
    name: string,
    options: { create: boolean },
  ): Promise<MemoryDirectory | undefined> {
    checkPlainName(name);
    let node = this.#node.children.get(name);
    if (node === undefined) {
      if (!options.create) return undefined;
      node = { kind: 'directory', children: new Map() };
      this.#node.children.set(name, node);
    }
    if (node.kind !== 'directory') throw new FileFault('io', `${name} is a file`);
    return new MemoryDirectory(this.#budget, node);
  }

  async removeDirectory(name: string): Promise<void> {
    checkPlainName(name);
    const node = this.#node.children.get(name);
    if (node === undefined) return;
    if (node.kind !== 'directory') throw new FileFault('io', `${name} is a file`);
    const files = filesUnder(node);
    if (files.some((file) => file.isOpen))
      throw new FileFault('busy', `${name} holds an open file`);
    for (const file of files) this.#budget.usedBytes -= file.bytes.size;
    this.#node.children.delete(name);
  }

  async list(): Promise<{ name: string; kind: 'file' | 'directory' }[]> {
    return [...this.#node.children]
      .map(([name, node]) => ({ name, kind: node.kind }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function filesUnder(folder: FolderNode): FileNode[] {
  return [...folder.children.values()].flatMap((node) =>
    node.kind === 'file' ? [node] : filesUnder(node),
  );
}
