/**
 * The two superblocks of an open store.
 *
 * Always true:
 * - a write goes to the invalid place, else to the older one; only the first of a generation goes to
 *   the newest: after a flush that failed the page cache may show a newest one that the disk does not
 *   hold, and the older is the only one that is there for certain
 * - sequence numbers only grow
 * - what both say is known as `firstSegmentInBoth`: only below it may a slot be used again
 */
import type { SyncFile } from '@varve/files';
import { orEndGeneration } from './io.ts';
import { assertUsable, readSuperblock, type Superblock, writeSuperblock } from './superblock.ts';

/** Both superblocks and which one leads. @throws VarveError UNSUPPORTED_VERSION, CORRUPT, IO_ERROR */
export function readSuperblocks(
  file: SyncFile,
  store: string,
): { pair: [Superblock | undefined, Superblock | undefined]; newest: Superblock | undefined } {
  const pair: [Superblock | undefined, Superblock | undefined] = [
    readSuperblock(file, 0),
    readSuperblock(file, 1),
  ];
  const [a, b] = pair;
  const newest = a === undefined || (b !== undefined && b.sequence > a.sequence) ? b : a;
  if (newest !== undefined) assertUsable(newest, store);
  return { pair, newest };
}

export class SuperblockPair {
  private readonly blocks: [Superblock | undefined, Superblock | undefined];
  private readonly file: SyncFile;
  private sequence: number;
  private isFirst = true;

  constructor(file: SyncFile, blocks: readonly [Superblock | undefined, Superblock | undefined]) {
    this.file = file;
    this.blocks = [blocks[0], blocks[1]];
    this.sequence = Math.max(blocks[0]?.sequence ?? 0, blocks[1]?.sequence ?? 0);
  }

  get pair(): readonly [Superblock | undefined, Superblock | undefined] {
    return this.blocks;
  }

  /** Writes one place and flushes. @throws GenerationFault */
  write(block: Omit<Superblock, 'sequence'>): void {
    const [a, b] = this.blocks;
    const older = a === undefined || (b !== undefined && a.sequence < b.sequence) ? 0 : 1;
    const both = a !== undefined && b !== undefined;
    const place = this.isFirst && both ? 1 - older : older;
    this.isFirst = false;
    this.sequence++;
    const written: Superblock = { ...block, sequence: this.sequence };
    // What stands in that place is unknown until the flush returns.
    this.blocks[place] = undefined;
    orEndGeneration(
      () => writeSuperblock(this.file, written, place === 0 ? 0 : 1),
      'writing a superblock failed',
    );
    this.blocks[place] = written;
  }

  /** Below this segment both superblocks agree that history is gone. */
  get firstSegmentInBoth(): number {
    const [a, b] = this.blocks;
    return Math.min(a?.firstSegment ?? 0, b?.firstSegment ?? 0);
  }
}
