/**
 * The witness as one small file per store, beside the stores and not inside them.
 *
 * Always true:
 * - an entry is replaced by renaming a synced file over it, so it is the old or the new one, whole
 * - writes of one host happen in the order in which they were asked for
 * - a file that is not an entry is an error: it never passes for "no such store"
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { FileFault, faultOf } from '../fault.ts';
import type { Witness, WitnessEntry, WitnessState } from '../host.ts';
import { checkPlainName } from '../plain-name.ts';
import { syncFolder } from './node-directory.ts';

const ENTRY_SUFFIX = '.json';
const STATES: readonly WitnessState[] = ['formatting', 'live', 'erasing'];

export class NodeWitness implements Witness {
  readonly #folder: string;
  #lastChange: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(store: string): Promise<WitnessEntry | undefined> {
    const text = await fs.readFile(this.#pathOf(store), 'utf8').catch(unlessAbsent);
    return text === undefined ? undefined : parseEntry(store, text);
  }

  write(store: string, entry: WitnessEntry): Promise<void> {
    return this.#inOrder(async () => {
      const target = this.#pathOf(store);
      await fs.mkdir(this.#folder, { recursive: true });
      const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
      try {
        await fs.writeFile(temporary, JSON.stringify(entry), { flush: true });
        await fs.rename(temporary, target);
      } catch (error) {
        await fs.rm(temporary, { force: true });
        throw error;
      }
      syncFolder(this.#folder);
      syncFolder(path.dirname(this.#folder));
    });
  }

  remove(store: string): Promise<void> {
    return this.#inOrder(async () => {
      const removed = await fs.rm(this.#pathOf(store)).then(() => true, unlessAbsent);
      if (removed) syncFolder(this.#folder);
    });
  }

  async list(): Promise<string[]> {
    const names = (await fs.readdir(this.#folder).catch(unlessAbsent)) ?? [];
    return names
      .filter((name) => name.endsWith(ENTRY_SUFFIX))
      .map((name) => decodeURIComponent(name.slice(0, -ENTRY_SUFFIX.length)))
      .sort();
  }

  #inOrder(change: () => Promise<void>): Promise<void> {
    const done = this.#lastChange.then(change);
    this.#lastChange = done.catch(() => undefined);
    return done;
  }

  #pathOf(store: string): string {
    // A store may have any name; a file may not.
    const plain = encodeURIComponent(store).replace(/[!~*'()]/g, percentEncoded);
    checkPlainName(plain);
    return path.join(this.#folder, plain + ENTRY_SUFFIX);
  }
}

const percentEncoded = (char: string): string =>
  `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

function unlessAbsent(error: unknown): undefined {
  if (faultOf(error) !== 'not-found') throw error;
}

function parseEntry(store: string, text: string): WitnessEntry {
  try {
    const { state, seedId, durableLsn, liveSinceMs } = JSON.parse(text) as Partial<WitnessEntry>;
    if (
      state !== undefined &&
      STATES.includes(state) &&
      typeof seedId === 'string' &&
      typeof durableLsn === 'number' &&
      typeof liveSinceMs === 'number'
    ) {
      return { state, seedId, durableLsn, liveSinceMs };
    }
  } catch (cause) {
    throw new FileFault('io', `the witness of ${store} cannot be read`, { cause });
  }
  throw new FileFault('io', `the witness of ${store} is not an entry`);
}
