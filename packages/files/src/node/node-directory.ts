/**
 * A folder of the local file system.
 *
 * Always true:
 * - a name that was made or removed is on disk when the call resolves, where folders can be synced
 * - nothing is made on disk by looking
 * - the host's own folders ({@link OWN_FOLDERS}) are not seen through it
 */
import fs from 'node:fs';
import path from 'node:path';
import { FileFault, faultOf } from '../fault.ts';
import { checkPlainName } from '../plain-name.ts';
import type { Directory, SyncFile } from '../port.ts';
import { claim } from './exclusive.ts';
import { NodeFile } from './node-file.ts';

/** In the root: claims of open files and locks, and the witness. */
export const OWN_FOLDERS = { locks: '.locks', witness: '.witness' } as const;

const OWN_NAMES: readonly string[] = Object.values(OWN_FOLDERS);

export class NodeDirectory implements Directory {
  readonly #rootPath: string;
  /** Relative to the root, with `/` between the parts; empty for the root itself. */
  readonly #within: string;

  constructor(rootPath: string, within = '') {
    this.#rootPath = rootPath;
    this.#within = within;
  }

  async openFile(name: string, options: { create: boolean }): Promise<SyncFile> {
    const { fullPath, inRoot } = this.#resolve(name);
    if (!options.create) assertKind(fullPath, 'file');
    const claimed = await claim(this.#locksPath, `file ${inRoot}`);
    try {
      return new NodeFile(openOrCreate(fullPath, options.create), claimed);
    } catch (error) {
      claimed.release();
      throw error;
    }
  }

  async hasFile(name: string): Promise<boolean> {
    return kindOf(this.#resolve(name).fullPath) === 'file';
  }

  async removeFile(name: string): Promise<void> {
    const { fullPath, inRoot } = this.#resolve(name);
    if (kindOf(fullPath) === undefined) return;
    assertKind(fullPath, 'file');
    const claimed = await claim(this.#locksPath, `file ${inRoot}`);
    try {
      fs.rmSync(fullPath, { force: true });
      syncFolder(path.dirname(fullPath));
    } finally {
      claimed.release();
    }
  }

  async directory(name: string, options: { create: boolean }): Promise<Directory | undefined> {
    const { fullPath, inRoot } = this.#resolve(name);
    if (kindOf(fullPath) === undefined) {
      if (!options.create) return undefined;
      fs.mkdirSync(fullPath, { recursive: true });
      syncFolder(path.dirname(fullPath));
    }
    assertKind(fullPath, 'directory');
    return new NodeDirectory(this.#rootPath, inRoot);
  }

  async removeDirectory(name: string): Promise<void> {
    const { fullPath, inRoot } = this.#resolve(name);
    if (kindOf(fullPath) === undefined) return;
    assertKind(fullPath, 'directory');
    const claims: { release(): void }[] = [];
    try {
      for (const file of filesUnder(fullPath)) {
        const inner = path.relative(fullPath, file).split(path.sep).join('/');
        claims.push(await claim(this.#locksPath, `file ${inRoot}/${inner}`));
      }
      fs.rmSync(fullPath, { recursive: true, force: true });
      syncFolder(path.dirname(fullPath));
    } finally {
      for (const claimed of claims) claimed.release();
    }
  }

  async list(): Promise<{ name: string; kind: 'file' | 'directory' }[]> {
    const folder = path.join(this.#rootPath, this.#within);
    if (kindOf(folder) === undefined) return [];
    return fs
      .readdirSync(folder, { withFileTypes: true })
      .filter((entry) => this.#within !== '' || !OWN_NAMES.includes(entry.name))
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => ({
        name: entry.name,
        kind: entry.isFile() ? ('file' as const) : ('directory' as const),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get #locksPath(): string {
    return path.join(this.#rootPath, OWN_FOLDERS.locks);
  }

  #resolve(name: string): { fullPath: string; inRoot: string } {
    checkPlainName(name);
    if (this.#within === '' && OWN_NAMES.includes(name)) {
      throw new FileFault('denied', `${name} is taken by the host`);
    }
    const inRoot = this.#within === '' ? name : `${this.#within}/${name}`;
    return { fullPath: path.join(this.#rootPath, inRoot), inRoot };
  }
}

/** Makes names in a folder durable. Windows cannot open folders; some file systems cannot sync them. */
export function syncFolder(folderPath: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folderPath, 'r');
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    fs.closeSync(fd);
  }
}

function openOrCreate(fullPath: string, create: boolean): number {
  const { O_RDWR, O_CREAT, O_EXCL } = fs.constants;
  try {
    return fs.openSync(fullPath, O_RDWR);
  } catch (error) {
    if (!create || faultOf(error) !== 'not-found') throw error;
  }
  const fd = fs.openSync(fullPath, O_RDWR | O_CREAT | O_EXCL);
  try {
    syncFolder(path.dirname(fullPath));
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
  return fd;
}

function kindOf(fullPath: string): 'file' | 'directory' | undefined {
  const stat = fs.statSync(fullPath, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.isDirectory() ? 'directory' : 'file';
}

function assertKind(fullPath: string, wanted: 'file' | 'directory'): void {
  const kind = kindOf(fullPath);
  if (kind === undefined) throw new FileFault('not-found', `no ${wanted} ${fullPath}`);
  if (kind !== wanted) throw new FileFault('io', `${fullPath} is a ${kind}`);
}

function filesUnder(folder: string): string[] {
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
