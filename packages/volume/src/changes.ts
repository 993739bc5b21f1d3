/**
 * What a list of writes and trims makes of each chunk that it touches.
 *
 * Always true:
 * - a whole chunk stands where it stands in the caller's bytes, a part is merged with what the view reads there
 * - bytes past the end of a view are zeros, whatever was written before them
 */
import { ORIGIN } from './format.ts';
import { type Changes, readChunk } from './planner.ts';
import type { VolumeState } from './state.ts';
import { isHole } from './value.ts';
import type { VolumeFiles } from './volume-files.ts';
import type { AtomicOp } from './volume-port.ts';

/** @throws VarveError CORRUPT, IO_ERROR */
export function changesOf(
  state: VolumeState,
  files: VolumeFiles,
  view: number,
  ops: readonly AtomicOp[],
): Changes {
  const merged = new Merge(state, files, view);
  for (const op of ops) {
    if ('write' in op) merged.write(op.write.at, op.write.bytes);
    else merged.trim(op.trim.at, op.trim.length);
  }
  return merged.changes;
}

class Merge {
  readonly changes: Changes = new Map();
  /** Chunks whose bytes are ours to change. */
  private readonly own = new Set<number>();
  private readonly state: VolumeState;
  private readonly files: VolumeFiles;
  private readonly view: number;

  constructor(state: VolumeState, files: VolumeFiles, view: number) {
    this.state = state;
    this.files = files;
    this.view = view;
  }

  write(at: number, bytes: Uint8Array): void {
    this.forChunks(at, bytes.length, (chunk, from, to, done) => {
      if (to - from === this.state.chunkBytes) {
        this.changes.set(chunk, { bytes, from: done });
        this.own.delete(chunk);
      } else {
        const part = bytes.subarray(done, done + to - from);
        this.ownChunk(chunk, this.isWhole(chunk, from, to)).set(part, from);
      }
    });
  }

  trim(at: number, length: number): void {
    this.forChunks(at, length, (chunk, from, to) => {
      if (this.isWhole(chunk, from, to)) this.changes.set(chunk, undefined);
      else if (!this.isHole(chunk)) this.ownChunk(chunk, false).fill(0, from, to);
    });
  }

  private forChunks(
    at: number,
    length: number,
    visit: (chunk: number, from: number, to: number, done: number) => void,
  ): void {
    const { chunkBytes } = this.state;
    for (let done = 0; done < length;) {
      const chunk = Math.floor((at + done) / chunkBytes);
      const from = at + done - chunk * chunkBytes;
      const to = Math.min(chunkBytes, from + length - done);
      visit(chunk, from, to, done);
      done += to - from;
    }
  }

  /** Nothing of the chunk that the view can see is left out. */
  private isWhole(chunk: number, from: number, to: number): boolean {
    const { chunkBytes } = this.state;
    const visible = Math.min(chunkBytes, this.state.sizeOf(this.view) - chunk * chunkBytes);
    return from === 0 && to >= visible;
  }

  private isHole(chunk: number): boolean {
    if (this.changes.has(chunk)) return this.changes.get(chunk) === undefined;
    return isHole(this.state.valueOf(this.view, chunk));
  }

  private ownChunk(chunk: number, isOverwritten: boolean): Uint8Array {
    const before = this.changes.get(chunk);
    if (before !== undefined && this.own.has(chunk)) return before.bytes;
    const { chunkBytes } = this.state;
    const bytes = new Uint8Array(chunkBytes);
    if (before !== undefined)
      bytes.set(before.bytes.subarray(before.from, before.from + chunkBytes));
    else if (!isOverwritten && !this.changes.has(chunk)) {
      readChunk(this.state, this.files, this.view, chunk, bytes);
    }
    this.changes.set(chunk, { bytes, from: 0 });
    this.own.add(chunk);
    return bytes;
  }
}

/** What shrinking to so many bytes leaves behind its new end in the last chunk: zeros. */
export function cutTail(state: VolumeState, files: VolumeFiles, sizeBytes: number): Changes {
  const changes: Changes = new Map();
  const chunk = Math.floor(sizeBytes / state.chunkBytes);
  const from = sizeBytes - chunk * state.chunkBytes;
  if (from === 0 || sizeBytes >= state.sizeBytes) return changes;
  const bytes = new Uint8Array(state.chunkBytes);
  if (readChunk(state, files, ORIGIN, chunk, bytes)) {
    changes.set(chunk, { bytes: bytes.fill(0, from), from: 0 });
  }
  return changes;
}
