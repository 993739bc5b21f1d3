/**
 * A folder of the simulated disk: a prefix of paths.
 */
import { FileFault } from '../fault.ts';
import { checkPlainName } from '../plain-name.ts';
import type { Directory, SyncFile } from '../port.ts';
import { FOLDER, type NameChange } from './disk-state.ts';
import type { FaultSite } from './fault-plan.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedHandle } from './simulated-handle.ts';

export class SimulatedDirectory implements Directory {
  readonly #disk: SimulatedDisk;
  /** Empty for the root, else the folder's path with a `/` at its end. */
  readonly #prefix: string;
  readonly #checkName: (name: string) => void;

  /** @param checkName throws for names that are not allowed: OPFS itself allows more than the port */
  constructor(disk: SimulatedDisk, prefix: string, checkName = checkPlainName) {
    this.#disk = disk;
    this.#prefix = prefix;
    this.#checkName = checkName;
  }

  async openFile(name: string, options: { create: boolean }): Promise<SyncFile> {
    const { path, inode } = this.#resolve(name);
    if (inode === FOLDER) throw new FileFault('io', `${path} is a folder`);
    if (inode === undefined) {
      if (!options.create) throw new FileFault('not-found', `no file ${path}`);
      this.#assertFolder();
      this.#strike('create', path);
      const fresh = this.#disk.takeInode();
      this.#disk.issue({ kind: 'names', changes: [{ path, inode: fresh }] });
      return new SimulatedHandle(this.#disk, fresh, path);
    }
    if (this.#disk.openInodes.has(inode)) throw new FileFault('busy', `${path} is open already`);
    this.#strike('open', path);
    return new SimulatedHandle(this.#disk, inode, path);
  }

  async hasFile(name: string): Promise<boolean> {
    const { inode } = this.#resolve(name);
    return inode !== undefined && inode !== FOLDER;
  }

  async removeFile(name: string): Promise<void> {
    const { path, inode } = this.#resolve(name);
    if (inode === undefined) return;
    if (inode === FOLDER) throw new FileFault('io', `${path} is a folder`);
    if (this.#disk.openInodes.has(inode)) throw new FileFault('busy', `${path} is open`);
    this.#strike('remove', path);
    this.#disk.issue({ kind: 'names', changes: [{ path, inode: undefined }] });
  }

  /**
   * Gives a file another name, here or in another folder, over a file that is there; a crash leaves
   * the old name or the new one.
   */
  async moveFile(name: string, to: SimulatedDirectory, newName: string): Promise<void> {
    const { path, inode } = this.#resolve(name);
    const target = to.#resolve(newName);
    if (inode === undefined) throw new FileFault('not-found', `no file ${path}`);
    if (inode === FOLDER) throw new FileFault('io', `${path} is a folder`);
    if (target.inode === FOLDER) throw new FileFault('io', `${target.path} is a folder`);
    to.#assertFolder();
    for (const [at, held] of [
      [path, inode],
      [target.path, target.inode],
    ] as const) {
      if (held !== undefined && this.#disk.openInodes.has(held)) {
        throw new FileFault('busy', `${at} is open`);
      }
    }
    if (target.path === path) return;
    this.#strike('create', target.path);
    this.#disk.issue({ kind: 'names', changes: [{ path: target.path, inode, from: path }] });
  }

  /** What the name stands for now. */
  async kindOf(name: string): Promise<'file' | 'directory' | undefined> {
    const { inode } = this.#resolve(name);
    if (inode === undefined) return undefined;
    return inode === FOLDER ? 'directory' : 'file';
  }

  async directory(
    name: string,
    options: { create: boolean },
  ): Promise<SimulatedDirectory | undefined> {
    const { path, inode } = this.#resolve(name);
    if (inode === undefined) {
      if (!options.create) return undefined;
      this.#assertFolder();
      this.#strike('create', path);
      this.#disk.issue({ kind: 'names', changes: [{ path, inode: FOLDER }] });
    } else if (inode !== FOLDER) throw new FileFault('io', `${path} is a file`);
    return new SimulatedDirectory(this.#disk, `${path}/`, this.#checkName);
  }

  async removeDirectory(name: string): Promise<void> {
    const { path, inode } = this.#resolve(name);
    if (inode === undefined) return;
    if (inode !== FOLDER) throw new FileFault('io', `${path} is a file`);
    const within = [...this.#disk.state.names].filter(([other]) => other.startsWith(`${path}/`));
    for (const [other, otherInode] of within) {
      if (this.#disk.openInodes.has(otherInode)) throw new FileFault('busy', `${other} is open`);
    }
    this.#strike('remove', path);
    // Leaves first, as a recursive removal goes: any prefix of it may be what persists.
    const changes: NameChange[] = within
      .map(([other]) => ({ path: other, inode: undefined }))
      .sort((a, b) => b.path.length - a.path.length);
    this.#disk.issue({ kind: 'names', changes: [...changes, { path, inode: undefined }] });
  }

  async list(): Promise<{ name: string; kind: 'file' | 'directory' }[]> {
    this.#disk.assertAlive();
    const found: { name: string; kind: 'file' | 'directory' }[] = [];
    for (const [path, inode] of this.#disk.state.names) {
      if (!path.startsWith(this.#prefix)) continue;
      const name = path.slice(this.#prefix.length);
      if (!name.includes('/')) found.push({ name, kind: inode === FOLDER ? 'directory' : 'file' });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #resolve(name: string): { path: string; inode: number | undefined } {
    this.#checkName(name);
    this.#disk.assertAlive();
    const path = this.#prefix + name;
    return { path, inode: this.#disk.state.names.get(path) };
  }

  /** A handle to a folder outlives the folder's name; nothing can be made in it then. */
  #assertFolder(): void {
    const own = this.#prefix.slice(0, -1);
    if (own !== '' && this.#disk.state.names.get(own) !== FOLDER) {
      throw new FileFault('not-found', `no folder ${own}`);
    }
  }

  #strike(site: FaultSite, path: string): void {
    const effect = this.#disk.faults.strike(site, path);
    if (effect !== undefined && 'throws' in effect) {
      throw new FileFault(effect.throws, `simulated failure of ${site} ${path}`);
    }
  }
}
