/**
 * An open file of the simulated disk.
 */
import { FileFault } from '../fault.ts';
import type { SyncFile } from '../port.ts';
import { shortLength } from './fault-plan.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedFile, WriteFate } from './simulated-file.ts';

export class SimulatedHandle implements SyncFile {
  readonly #disk: SimulatedDisk;
  readonly #inode: number;
  readonly #path: string;
  #closed = false;

  constructor(disk: SimulatedDisk, inode: number, path: string) {
    this.#disk = disk;
    this.#inode = inode;
    this.#path = path;
    disk.openInodes.add(inode);
  }

  read(buffer: Uint8Array, options: { at: number }): number {
    const file = this.#file();
    const effect = this.#disk.faults.strike('read', this.#path);
    if (effect === undefined) return file.read(buffer, options.at);
    if ('throws' in effect) throw new FileFault(effect.throws, 'simulated read failure');
    if (!('short' in effect)) return file.read(buffer, options.at);
    return file.read(buffer.subarray(0, shortLength(effect.short, buffer.length)), options.at);
  }

  write(buffer: Uint8Array, options: { at: number }): number {
    const { at } = options;
    const growth = at + buffer.length - this.#file().size;
    if (growth > 0) this.#grow(growth);
    const effect = this.#disk.faults.strike('write', this.#path);
    let bytes = buffer;
    let fate: WriteFate = 'kept';
    if (effect !== undefined) {
      if ('throws' in effect) throw new FileFault(effect.throws, 'simulated write failure');
      if ('short' in effect) bytes = buffer.subarray(0, shortLength(effect.short, buffer.length));
      else fate = effect.fate;
    }
    this.#disk.issue({ kind: 'write', inode: this.#inode, at, bytes, fate });
    return bytes.length;
  }

  truncate(size: number): void {
    const growth = size - this.#file().size;
    if (growth > 0) this.#grow(growth);
    const effect = this.#disk.faults.strike('truncate', this.#path);
    if (effect !== undefined && 'throws' in effect) {
      throw new FileFault(effect.throws, 'simulated truncate failure');
    }
    this.#disk.issue({ kind: 'truncate', inode: this.#inode, size });
  }

  getSize(): number {
    return this.#file().size;
  }

  flush(): void {
    this.#file();
    this.#disk.flush(this.#inode, this.#path);
  }

  /** Legal on a dead machine, where it does nothing: cleaning up must not hide the crash. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disk.openInodes.delete(this.#inode);
  }

  #grow(growthBytes: number): void {
    const effect = this.#disk.faults.strike('grow', this.#path);
    if (effect !== undefined && 'throws' in effect) {
      throw new FileFault(effect.throws, 'simulated failure to grow');
    }
    this.#disk.charge(growthBytes);
  }

  #file(): SimulatedFile {
    this.#disk.assertAlive();
    if (this.#closed) throw new FileFault('io', `${this.#path} was closed`);
    return this.#disk.state.file(this.#inode);
  }
}
