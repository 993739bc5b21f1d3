/**
 * A store that is read from its file alone, where no file can be opened, and while others may be
 * writing it.
 *
 * Always true:
 * - what it serves passed the checks of recovery and of the reader, and something in the file or the
 *   witness proves that it was flushed: what recovery would have to write again first is not served
 * - a look counts only when both superblocks say at its end what they said at its beginning: a writer
 *   that begins a generation, or uses a slot again, writes a superblock before anything else
 * - bytes of a slot that was used again do not verify as those of the segment that was there. What
 *   does not verify is damage only when nobody can have written since it was looked at; else it is
 *   looked at again
 * - at most `BUDGET_BYTES` and the size of a segment are held, whatever the store's size
 */
import type { FileView, ViewingHost, WitnessEntry } from '@varve/files';
import { isVarveError, VarveError } from '@varve/protocol';
import { SUPERBLOCK_BYTES, SUPERBLOCK_PLACES } from './format.ts';
import { Gathered } from './gathered.ts';
import { geometryOf, slotsInFile, slotStart } from './geometry.ts';
import { openingRowOf, witnessedLsn } from './opening-row.ts';
import { PagedFile } from './paged-file.ts';
import { readPiece } from './read-piece.ts';
import { ReadOnlyJournal } from './read-only-journal.ts';
import { readVisible } from './read-visible.ts';
import { Recovery } from './recovery.ts';
import { folderOf, hex, JOURNAL_FILE, platformError } from './store-files.ts';
import type { Chunk, ReadRequest, StorePort } from './store-port.ts';
import { readSuperblocks } from './superblock-pair.ts';
import { knownUnitPosition, readUnitPart } from './unit-part.ts';
import type { OpeningRow } from './witness-table.ts';

const BUDGET_BYTES = 33_554_432;
/** A writer that goes on writing superblocks is looked at so often. */
const LOOKS_MAX = 8;
const PAUSE_MS = 25;
/** A unit is walked through in steps of so many bytes: what one step reads need not be held for the next. */
const UNIT_STEP_BYTES = 4_194_304;

type Readable = Pick<StorePort, 'readChunk' | 'readUnit'>;

interface Seen extends Readable {
  readonly file: PagedFile;
  readonly journal: ReadOnlyJournal;
  /** The bytes of both superblocks. */
  readonly marks: Uint8Array;
  /** The last record that is proven. */
  readonly durableLsn: number;
  /** Nobody wrote during the look. */
  readonly isStill: boolean;
}

export class ViewedStore {
  private readonly host: ViewingHost;
  private readonly name: string;
  private readonly isFree: () => Promise<boolean>;
  private seen: Seen | undefined;
  private looking: Promise<Seen> | undefined;

  /** @param isFree whether nobody has the store open, as far as can be known */
  constructor(host: ViewingHost, name: string, isFree: () => Promise<boolean>) {
    folderOf(name); // refuses what can be no store's name
    this.host = host;
    this.name = name;
    this.isFree = isFree;
  }

  /**
   * @throws VarveError NOT_FOUND (no store), TRIMMED, CORRUPT, STORE_LOST, UNSUPPORTED_VERSION,
   * IO_ERROR, STORAGE_DENIED, OVERLOADED, STORE_BUSY (others write so much that it could not be read)
   */
  readChunk(request: ReadRequest): Promise<Chunk> {
    const last = (request.before ?? Infinity) - 1;
    return this.serve(last, (store) => store.readChunk(request));
  }

  /** Part of a record's bytes. What stands before `at` is read, too, once. */
  async readPiece(
    lsn: number,
    at: number,
    maxBytes: number,
  ): Promise<{ bytes: Uint8Array; done: boolean }> {
    await this.walkTo(lsn, at);
    let position = at;
    const part = new Gathered(maxBytes);
    for (;;) {
      const length = Math.min(UNIT_STEP_BYTES, at + maxBytes - position);
      const from = position;
      const piece = await this.serve(lsn, (store) => readPiece(store, lsn, from, length));
      part.add(piece.bytes);
      position += piece.bytes.length;
      if (piece.done || position >= at + maxBytes) return { bytes: part.take(), done: piece.done };
    }
  }

  /** Walks through a unit in steps, so that one step's bytes need not be held for the next. */
  private async walkTo(lsn: number, at: number): Promise<void> {
    // When the store is looked at anew, the walk begins again.
    const stepsMax = LOOKS_MAX * (1 + at / UNIT_STEP_BYTES);
    for (let steps = 0; steps < stepsMax; steps++) {
      const known = this.seen === undefined ? 0 : knownUnitPosition(this.seen.journal, lsn, at);
      const step = known + UNIT_STEP_BYTES;
      if (at <= step) return;
      const { done } = await this.serve(lsn, (store) => readPiece(store, lsn, step, 1));
      if (done) return;
    }
    throw this.busy(undefined);
  }

  /** What tells this store from any other of its name: another is minted with each import. */
  async lineageId(): Promise<string> {
    for (let look = 1; ; look++) {
      try {
        const { head } = await this.lookAtHead();
        const { newest } = await head.run(() => readSuperblocks(head, this.name));
        return hex(newest!.lineageId);
      } catch (error) {
        // Both are never written at once; but they are not read at once either.
        if (!mayBeTorn(error) || look >= LOOKS_MAX) throw error;
        await this.pause();
      }
    }
  }

  /** Lets go of what is held. */
  forget(): void {
    this.seen?.file.close();
    this.seen = undefined;
  }

  /** @param lastLsn the last record that is asked for */
  private async serve<T>(lastLsn: number, work: (store: Readable) => T): Promise<T> {
    for (let look = 1; ; look++) {
      const seen = await this.current(lastLsn);
      try {
        return await seen.file.run(() => work(seen));
      } catch (error) {
        if (!mayBeTorn(error)) throw error;
        if (await this.isAsItWas(seen)) throw error;
        if (this.seen === seen) this.seen = undefined;
        if (look >= LOOKS_MAX) throw this.busy(error);
        await this.pause();
      }
    }
  }

  private async current(lastLsn: number): Promise<Seen> {
    const { seen } = this;
    if (seen !== undefined) {
      const enough = lastLsn <= seen.durableLsn;
      if (enough ? await this.hasMarks(seen) : await this.isAsItWas(seen)) return seen;
    }
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
    this.seen = await this.looking;
    return this.seen;
  }

  private async look(): Promise<Seen> {
    for (let look = 1; ; look++) {
      let cause: unknown;
      const wasFree = await this.isFree();
      try {
        const seen = await this.lookOnce(wasFree);
        const isTold = seen.isStill || seen.journal.recovered.verdict !== 'corrupt';
        if (isTold && (await this.hasMarks(seen))) return seen;
      } catch (error) {
        if (!mayBeTorn(error) || (wasFree && look > 1 && (await this.isFree()))) throw error;
        cause = error;
      }
      if (look >= LOOKS_MAX) throw this.busy(cause);
      await this.pause();
    }
  }

  /** The superblocks, and what may be read behind them. */
  private async lookAtHead(): Promise<{
    readonly head: PagedFile;
    readonly view: FileView;
    readonly witness: WitnessEntry | undefined;
  }> {
    const { host, name } = this;
    // Before anything else: what it proves was so before the file was read.
    const witness = await this.asked(host.witness.read(name));
    const view = await this.asked(host.view(folderOf(name), JOURNAL_FILE));
    const size = view && (await this.asked(view.getSize()));
    const head = view && new PagedFile(view, size!, BUDGET_BYTES);
    const row = (): OpeningRow => openingRowOf(head, witness, name);
    const { action } = head === undefined ? row() : await head.run(row, SUPERBLOCK_PLACES);
    if (action === 'open' || action === 'open-and-witness') {
      return { head: head!, view: view!, witness };
    }
    throw new VarveError('NOT_FOUND', `there is no store named ${name}`, {
      facts: { store: name },
    });
  }

  private async lookOnce(wasFree: boolean): Promise<Seen> {
    const { head, view, witness } = await this.lookAtHead();
    const { marks, pair, newest } = await head.run(() => {
      const found = readSuperblocks(head, this.name);
      return { marks: marksOf(head), pair: found.pair, newest: found.newest! };
    });
    const geometry = geometryOf(newest.segmentBytes, newest.alignment);
    const file = new PagedFile(view, head.sizeBytes, BUDGET_BYTES + newest.segmentBytes);
    const headers = Array.from({ length: slotsInFile(geometry, head.sizeBytes) }, (_, slot) =>
      slotStart(geometry, slot),
    );
    const proven = witnessedLsn(witness, newest);
    const recovered = await file.run(() => new Recovery(file, newest, proven).run(pair), headers);
    const journal = new ReadOnlyJournal(file, recovered, { onDamage: () => undefined });
    const durableLsn =
      recovered.verdict === 'corrupt'
        ? journal.lastLsn
        : Math.min(recovered.cut.lastLsn, journal.lastLsn);
    const readChunk = (request: ReadRequest): Chunk =>
      readVisible(journal, journal.firstLsn, durableLsn, request);
    return {
      file,
      journal,
      marks,
      durableLsn,
      isStill: wasFree && (await this.isFree()),
      readChunk,
      readUnit: (lsn, at, maxBytes) => readUnitPart(journal, readChunk, lsn, at, maxBytes),
    };
  }

  /** Nobody can have written since it was looked at: whoever opens a store writes both superblocks. */
  private async isAsItWas(seen: Seen): Promise<boolean> {
    return seen.isStill && (await this.isFree()) && (await this.hasMarks(seen));
  }

  private async hasMarks({ marks }: Seen): Promise<boolean> {
    const view = await this.asked(this.host.view(folderOf(this.name), JOURNAL_FILE));
    if (view === undefined) return false;
    const now = new PagedFile(view, await this.asked(view.getSize()), BUDGET_BYTES);
    const found = await now.run(() => marksOf(now), SUPERBLOCK_PLACES);
    return found.every((byte, index) => byte === marks[index]);
  }

  /** What the platform refuses, as ours. */
  private async asked<T>(asking: Promise<T>): Promise<T> {
    try {
      return await asking;
    } catch (cause) {
      throw platformError(cause, this.name);
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => this.host.timers.after(PAUSE_MS, resolve));
  }

  private busy(cause: unknown): VarveError {
    return new VarveError('STORE_BUSY', 'the store is written while it is read', {
      facts: { store: this.name },
      cause,
    });
  }
}

/** It may come of a write that was under way. */
const mayBeTorn = (error: unknown): boolean =>
  isVarveError(error, 'CORRUPT') || isVarveError(error, 'IO_ERROR');

/** The bytes of both superblocks; a file that ends before has none. */
function marksOf(file: PagedFile): Uint8Array {
  const bytes = new Uint8Array(2 * SUPERBLOCK_BYTES);
  for (const [index, at] of SUPERBLOCK_PLACES.entries()) {
    file.read(bytes.subarray(index * SUPERBLOCK_BYTES, (index + 1) * SUPERBLOCK_BYTES), { at });
  }
  return bytes;
}
