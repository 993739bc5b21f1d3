/** A witness that lasts as long as the process: enough for stores that do, too. */
import type { Witness, WitnessEntry } from '../host.ts';

export class MemoryWitness implements Witness {
  readonly #entries = new Map<string, WitnessEntry>();

  async read(store: string): Promise<WitnessEntry | undefined> {
    return this.#entries.get(store);
  }

  async write(store: string, entry: WitnessEntry): Promise<void> {
    this.#entries.set(store, { ...entry });
  }

  async remove(store: string): Promise<void> {
    this.#entries.delete(store);
  }

  async list(): Promise<string[]> {
    return [...this.#entries.keys()].sort();
  }
}
