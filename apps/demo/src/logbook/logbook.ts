/**
 * The logbook: a store, and the state its records amount to, whichever tab wrote them.
 *
 * Always true:
 * - `add`, `edit`, `remove` and `restore` resolve only when their record is durable
 * - the state holds nothing that is not in the log: it changes only by what the log's tail brings, in
 *   the order of the LSNs
 * - attachments are durable before the entry that points at them is written
 */
import { Emitter } from '../ui/emitter.ts';
import { sentenceOf } from '../ui/failure.ts';
import { LiveStore } from '../live-store.ts';
import { TailFeed } from '../tail-feed.ts';
import { note } from '../store-notes.ts';
import {
  applyRecord,
  AttachmentType,
  EntryType,
  type Attachment,
  type LogbookEntry,
  type LogbookRecord,
  type LogbookState,
} from './entries.ts';

export const LOGBOOK = 'logbook';
/** After so many records a checkpoint makes the next start short. */
const CHECKPOINT_EVERY_RECORDS = 64;

export interface Draft {
  readonly text: string;
  readonly files: readonly File[];
  /** When it happened, ms since 1970; now if absent. */
  readonly atMs?: number;
}

export class Logbook {
  readonly store = new LiveStore<LogbookRecord>(LOGBOOK, 'Logbook', {
    segmentSizeBytes: 1 << 20,
    maxStateBytes: 2 << 20,
  });
  readonly changed = new Emitter<void>();
  /** How long the last record took to be durable, ms. */
  readonly saved = new Emitter<{ readonly lsn: number; readonly tookMs: number }>();
  #state = new Map<string, LogbookEntry>();
  #lsn = 0;
  /** Where a checkpoint was tried last. */
  #triedLsn = 0;
  #loaded = false;
  readonly #feed = new TailFeed<LogbookRecord>(this.store, EntryType, (record) => {
    applyRecord(this.#state, record);
    this.#lsn = record.lsn;
    this.changed.emit();
  });

  get state(): LogbookState {
    return this.#state;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** Opens the store and rebuilds the state: the last checkpoint, then every later record. */
  async load(): Promise<void> {
    const log = await this.store.open();
    const { state, lsn } = await log.recover(applyRecord, new Map<string, LogbookEntry>(), {
      type: EntryType,
    });
    this.#state = state;
    this.#lsn = lsn;
    this.#triedLsn = 0;
    this.#loaded = true;
    this.#feed.start(lsn);
    this.changed.emit();
  }

  async add(draft: Draft): Promise<void> {
    const log = await this.store.open();
    const files: Attachment[] = [];
    for (const file of draft.files) {
      const lsn = await log.appendStream(file.stream(), { type: AttachmentType });
      files.push({ lsn, name: file.name, mime: file.type, bytes: file.size });
    }
    const atMs = draft.atMs ?? Date.now();
    await this.#append({ kind: 'entry', id: crypto.randomUUID(), atMs, text: draft.text, files });
  }

  edit(id: string, text: string): Promise<void> {
    return this.#append({ kind: 'edit', id, text });
  }

  remove(id: string): Promise<void> {
    return this.#append({ kind: 'delete', id });
  }

  restore(id: string): Promise<void> {
    return this.#append({ kind: 'restore', id });
  }

  /** The attachment's bytes, checked by the engine as they are read. */
  async read(file: Attachment): Promise<Blob> {
    const log = await this.store.open();
    const blob = await new Response(log.getStream(file.lsn)).blob();
    return new Blob([blob], { type: file.mime });
  }

  /** Writes down what the records so far amount to, so that the next start reads little. */
  async checkpoint(): Promise<void> {
    const log = await this.store.open();
    const upTo = this.#lsn;
    // Another tab may have done it already.
    if (upTo > log.status().coveredLsn) await log.checkpoint(this.#state, { upTo });
  }

  /** Lets `change` replace or remove the store's files, and begins with what is there then. */
  async startOver(change: () => Promise<void>): Promise<void> {
    this.#loaded = false;
    this.#feed.stop();
    try {
      await this.store.startOver(change);
    } finally {
      await this.load();
    }
  }

  async #append(value: LogbookRecord): Promise<void> {
    const log = await this.store.open();
    const startMs = performance.now();
    const lsn = await log.append(value, { type: EntryType });
    const tookMs = performance.now() - startMs;
    await this.#feed.takenIn(lsn);
    this.saved.emit({ lsn, tookMs });
    const { coveredLsn } = log.status();
    if (this.#lsn - Math.max(coveredLsn, this.#triedLsn) >= CHECKPOINT_EVERY_RECORDS)
      void this.#checkpointIfItFits();
  }

  /** The records are safe already: a checkpoint that fails only makes the next start longer. */
  async #checkpointIfItFits(): Promise<void> {
    this.#triedLsn = this.#lsn;
    try {
      await this.checkpoint();
    } catch (error) {
      this.store.notes.add(note('watch', `No checkpoint: ${sentenceOf(error)}`));
    }
  }
}
