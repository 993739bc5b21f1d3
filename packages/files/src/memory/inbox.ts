/** An inbox that lasts as long as the process. */
import { INBOX_BYTES_MAX, INBOX_ENTRIES_MAX } from '../host.ts';
import type { Inbox, InboxEntry, InboxItem, InboxStamp } from '../host.ts';

export class MemoryInbox implements Inbox {
  readonly #stores = new Map<string, Map<number, InboxEntry>>();
  #lastKey = 0;

  async put(store: string, entry: InboxEntry): Promise<boolean> {
    const entries = this.#entries(store);
    let bytes = entry.frames.length;
    for (const { frames } of entries.values()) bytes += frames.length;
    if (entries.size >= INBOX_ENTRIES_MAX || bytes > INBOX_BYTES_MAX) return false;
    entries.set(++this.#lastKey, { ...entry, frames: entry.frames.slice() });
    return true;
  }

  async take(store: string, max: number): Promise<readonly InboxItem[]> {
    return [...this.#entries(store)].slice(0, max).map(([key, entry]) => ({ key, entry }));
  }

  async sign(store: string, stamps: ReadonlyMap<number, InboxStamp>): Promise<void> {
    const entries = this.#entries(store);
    for (const [key, stamp] of stamps) {
      const entry = entries.get(key);
      if (entry !== undefined && entry.stamp === undefined) entries.set(key, { ...entry, stamp });
    }
  }

  async remove(store: string, keys: readonly number[]): Promise<void> {
    for (const key of keys) this.#entries(store).delete(key);
  }

  async clear(store: string): Promise<void> {
    this.#stores.delete(store);
  }

  #entries(store: string): Map<number, InboxEntry> {
    const entries = this.#stores.get(store) ?? new Map<number, InboxEntry>();
    this.#stores.set(store, entries);
    return entries;
  }
}
