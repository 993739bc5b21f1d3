/**
 * Where equal bytes may already be: digests of chunks written lately, for deduplication.
 *
 * Always true: an entry is a guess. A chunk is shared only after its bytes were compared.
 */
import { REFERENCES_MAX } from './format.ts';
import type { ChunkBytes } from './planner.ts';
import type { VolumeState } from './state.ts';
import type { VolumeFiles } from './volume-files.ts';

const ENTRIES_MAX = 65_536;

export class SharedChunks {
  hits = 0;
  private readonly physicalOf = new Map<number, number>();
  private readonly files: VolumeFiles;
  private readonly scratch: Uint8Array;

  constructor(files: VolumeFiles, chunkBytes: number) {
    this.files = files;
    this.scratch = new Uint8Array(chunkBytes);
  }

  note(digest: number, physical: number): void {
    this.physicalOf.delete(digest);
    this.physicalOf.set(digest, physical);
    if (this.physicalOf.size <= ENTRIES_MAX) return;
    for (const oldest of this.physicalOf.keys()) {
      this.physicalOf.delete(oldest);
      return;
    }
  }

  /**
   * A physical chunk in use that has these very bytes, and takes so many references more.
   * @throws VarveError IO_ERROR
   */
  find(
    state: VolumeState,
    { bytes, from }: ChunkBytes,
    digest: number,
    more: number,
  ): number | undefined {
    const physical = this.physicalOf.get(digest);
    if (physical === undefined) return undefined;
    const references = state.pool.referencesOf(physical);
    if (references === 0 || references + more > REFERENCES_MAX) return undefined;
    let stored = state.overlay.get(physical);
    if (stored === undefined) {
      this.files.readData(this.scratch, physical * state.chunkBytes);
      stored = this.scratch;
    }
    for (let at = 0; at < stored.length; at++)
      if (stored[at] !== bytes[from + at]) return undefined;
    this.hits++;
    return physical;
  }
}
