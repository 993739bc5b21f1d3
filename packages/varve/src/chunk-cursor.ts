/**
 * Walks the records of one chunk in reading order.
 *
 * Always true: after `next()` returned true, `frame` and `lsn` describe the record it stands on.
 */
import { VarveError, newRecordFrame, readRecordFrame } from '@varve/protocol';
import type { ChunkMessage } from '@varve/protocol';

export class ChunkCursor {
  readonly frame = newRecordFrame();
  lsn = 0;
  timeMs = 0;
  readonly bytes: Uint8Array;
  readonly #runs: ChunkMessage['runs'];
  readonly #reverse: boolean;
  #run = -1;
  /** Forward: where the next frame begins. */
  #at = 0;
  #left = 0;
  /** Backward: where the frames of this run begin; it was walked forward once. */
  #starts: number[] = [];

  constructor({ bytes, runs }: Pick<ChunkMessage, 'bytes' | 'runs'>, reverse: boolean) {
    this.bytes = bytes;
    this.#runs = runs;
    this.#reverse = reverse;
  }

  next(): boolean {
    while (this.#left === 0) if (!this.#nextRun()) return false;
    this.#left--;
    if (this.#reverse) {
      this.#read(this.#starts.pop()!);
      this.lsn--;
    } else {
      this.#at = this.#read(this.#at);
      this.lsn++;
    }
    return true;
  }

  #nextRun(): boolean {
    const run = this.#runs[++this.#run];
    if (run === undefined) return false;
    this.timeMs = run.wallTimeMs;
    this.#left = run.count;
    this.#at = run.start;
    this.lsn = run.firstLsn - 1;
    if (!this.#reverse) return true;
    this.lsn += run.count + 1;
    this.#starts = [];
    for (let at = run.start; this.#starts.length < run.count; at = this.#read(at)) {
      this.#starts.push(at);
    }
    return true;
  }

  #read(at: number): number {
    const end = readRecordFrame(this.bytes, at, this.#runs[this.#run]!.end, this.frame);
    if (end < 0) throw new VarveError('BAD_MESSAGE', 'a chunk holds a malformed record frame');
    return end;
  }
}
