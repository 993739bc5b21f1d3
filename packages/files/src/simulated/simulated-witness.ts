/**
 * The witness of a simulated machine: a write is atomic; it is durable when it has resolved, and
 * before that it is there or not.
 */
import { FileFault } from '../fault.ts';
import type { Witness, WitnessEntry } from '../host.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

export class SimulatedWitness implements Witness {
  readonly #disk: SimulatedDisk;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  async read(store: string): Promise<WitnessEntry | undefined> {
    this.#disk.assertAlive();
    return this.#disk.state.witnessNow().get(store);
  }

  async write(store: string, entry: WitnessEntry): Promise<void> {
    await this.#change(store, { ...entry });
  }

  async remove(store: string): Promise<void> {
    await this.#change(store, undefined);
  }

  async list(): Promise<string[]> {
    this.#disk.assertAlive();
    return [...this.#disk.state.witnessNow().keys()].sort();
  }

  async #change(store: string, entry: WitnessEntry | undefined): Promise<void> {
    this.#disk.assertAlive();
    const effect = this.#disk.faults.strike('witness', store);
    if (effect !== undefined && 'throws' in effect) {
      throw new FileFault(effect.throws, `simulated witness failure for ${store}`);
    }
    this.#disk.issue({ kind: 'witness-begin', change: { store, entry } });
    // Other operations may come in between, as they can in a browser.
    await Promise.resolve();
    if (!this.#disk.flushLies) this.#disk.issue({ kind: 'witness-end' });
  }
}
