/**
 * A file that can only be read asynchronously, for code that reads synchronously: recovery and readers
 * run over it as they are, and begin again when a page was missing.
 *
 * Always true:
 * - work sees bytes that were read before it began; work that asked for others ends without a result,
 *   whatever it made of the refusal, and is run again when they are there
 * - at most `budgetBytes` of bytes other than zeros are held; work that needs more at once fails
 * - one piece of work runs at a time, in the order of the calls
 */
import { FileFault, type FileView, type SyncFile } from '@varve/files';
import { VarveError } from '@varve/protocol';
import { failedIo } from './io.ts';

const PAGE_BYTES = 4_096;
/** Whoever reads on gets twice as much each time. */
const AHEAD_MIN_BYTES = 262_144;
const AHEAD_MAX_BYTES = 4_194_304;
/** Single pages that are asked for at a time. */
const AT_ONCE = 32;

/** Pages that were read in one go. */
interface Block {
  readonly first: number;
  readonly count: number;
  /** Undefined: zeros, as space that was made ahead is. */
  readonly bytes: Uint8Array | undefined;
}

export class PagedFile implements SyncFile {
  readonly sizeBytes: number;
  private readonly view: FileView;
  private readonly budgetBytes: number;
  private readonly pages = new Map<number, Block>();
  /** Oldest first. */
  private readonly blocks = new Set<Block>();
  private heldBytes = 0;
  private missed: { readonly at: number; readonly length: number } | undefined;
  private lastEnd = -1;
  private aheadBytes = AHEAD_MIN_BYTES;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(view: FileView, sizeBytes: number, budgetBytes: number) {
    this.view = view;
    this.sizeBytes = sizeBytes;
    this.budgetBytes = budgetBytes;
  }

  /**
   * What `work` gives when all that it reads is there. It may be run any number of times.
   * @param singly pages that it will read far from each other
   * @throws VarveError IO_ERROR, OVERLOADED (it reads more than may be held), and what `work` throws
   */
  run<T>(work: () => T, singly: readonly number[] = []): Promise<T> {
    const result = this.turn.then(() => this.runNow(work, singly));
    this.turn = result.catch(() => undefined);
    return result;
  }

  read(buffer: Uint8Array, { at }: { at: number }): number {
    const length = Math.max(0, Math.min(buffer.length, this.sizeBytes - at));
    for (let done = 0; done < length;) {
      const offset = (at + done) % PAGE_BYTES;
      const page = (at + done - offset) / PAGE_BYTES;
      const block = this.pages.get(page);
      if (block === undefined) {
        this.missed ??= { at: at + done, length: length - done };
        throw new FileFault('io', 'these bytes are not here yet');
      }
      const step = Math.min(length - done, PAGE_BYTES - offset);
      const from = (page - block.first) * PAGE_BYTES + offset;
      if (block.bytes === undefined) buffer.fill(0, done, done + step);
      else buffer.set(block.bytes.subarray(from, from + step), done);
      done += step;
    }
    return length;
  }

  getSize(): number {
    return this.sizeBytes;
  }

  write(): never {
    throw new FileFault('denied', 'this file is only read');
  }

  truncate(): never {
    throw new FileFault('denied', 'this file is only read');
  }

  flush(): never {
    throw new FileFault('denied', 'this file is only read');
  }

  close(): void {
    this.pages.clear();
    this.blocks.clear();
    this.heldBytes = 0;
  }

  private async runNow<T>(work: () => T, singly: readonly number[]): Promise<T> {
    const needed = new Set<Block>();
    for (let from = 0; from < singly.length; from += AT_ONCE) {
      const some = singly.slice(from, from + AT_ONCE);
      await Promise.all(some.map((at) => this.load(at, 1, needed)));
    }
    for (;;) {
      this.missed = undefined;
      let ended: { readonly value: T } | { readonly error: unknown };
      try {
        ended = { value: work() };
      } catch (error) {
        ended = { error };
      }
      const missed = this.missed as { at: number; length: number } | undefined;
      if (missed === undefined) {
        if ('error' in ended) throw ended.error;
        return ended.value;
      }
      await this.loadAhead(missed, needed);
    }
  }

  private async loadAhead(
    { at, length }: { readonly at: number; readonly length: number },
    needed: Set<Block>,
  ): Promise<void> {
    const goesOn = at === this.lastEnd;
    this.aheadBytes = goesOn ? Math.min(2 * this.aheadBytes, AHEAD_MAX_BYTES) : AHEAD_MIN_BYTES;
    this.lastEnd = await this.load(at, Math.max(length, this.aheadBytes), needed);
  }

  /** Returns where what was read ends. */
  private async load(at: number, length: number, needed: Set<Block>): Promise<number> {
    const first = Math.floor(at / PAGE_BYTES);
    const count = Math.ceil((at + length) / PAGE_BYTES) - first;
    const start = first * PAGE_BYTES;
    const end = Math.min(start + count * PAGE_BYTES, this.sizeBytes);
    if (end <= start) return end;
    let bytes: Uint8Array;
    try {
      bytes = await this.view.read(start, end - start);
    } catch (cause) {
      throw failedIo(cause, 'reading the journal failed', { at: start, bytes: end - start });
    }
    if (bytes.length !== end - start) {
      throw new VarveError('IO_ERROR', 'a read inside the journal came back short', {
        facts: { at: start, bytes: end - start, moved: bytes.length },
      });
    }
    const block: Block = { first, count, bytes: isZeros(bytes) ? undefined : bytes };
    this.blocks.add(block);
    needed.add(block);
    for (let page = first; page < first + count; page++) this.pages.set(page, block);
    this.heldBytes += block.bytes?.length ?? 0;
    this.dropOldest(needed);
    return end;
  }

  private dropOldest(needed: ReadonlySet<Block>): void {
    for (const block of this.blocks) {
      if (this.heldBytes <= this.budgetBytes) return;
      if (needed.has(block)) continue;
      this.blocks.delete(block);
      this.heldBytes -= block.bytes?.length ?? 0;
      for (let page = block.first; page < block.first + block.count; page++) {
        if (this.pages.get(page) === block) this.pages.delete(page);
      }
    }
    if (this.heldBytes <= this.budgetBytes) return;
    throw new VarveError('OVERLOADED', 'looking at this store takes more memory than it may', {
      facts: { limitBytes: this.budgetBytes },
    });
  }
}

function isZeros(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if (bytes[index] !== 0) return false;
  return true;
}
