/**
 * Reads of a view: runs of chunks that lie side by side in one transfer, each chunk verified.
 *
 * Always true:
 * - a call of `read` is synchronous: no chunk of it is torn by a write
 * - what does not verify is not in the caller's buffer when it throws: it holds zeros there
 */
import { xxh32 } from '@varve/bytes';
import { damagedChunk, readChunk } from './planner.ts';
import type { VolumeState } from './state.ts';
import { isHole, type Value } from './value.ts';
import type { VolumeFiles } from './volume-files.ts';

export class Reader {
  private readonly state: VolumeState;
  private readonly files: VolumeFiles;
  private readonly scratch: Uint8Array;

  constructor(state: VolumeState, files: VolumeFiles) {
    this.state = state;
    this.files = files;
    this.scratch = new Uint8Array(state.chunkBytes);
  }

  /** All of `into` lies within the view. @throws VarveError CORRUPT, IO_ERROR */
  read(view: number, into: Uint8Array, at: number, verify: boolean): void {
    const { chunkBytes } = this.state;
    const end = at + into.length;
    for (let next = at; next < end;) {
      const chunk = Math.floor(next / chunkBytes);
      const isWhole = next === chunk * chunkBytes && end - next >= chunkBytes;
      if (isWhole) {
        const whole = Math.floor((end - next) / chunkBytes);
        next += this.readRun(view, chunk, into, next - at, whole, verify) * chunkBytes;
      } else {
        const to = Math.min(end, (chunk + 1) * chunkBytes);
        this.readPart(
          view,
          chunk,
          into.subarray(next - at, to - at),
          next - chunk * chunkBytes,
          verify,
        );
        next = to;
      }
    }
    this.state.blocks.trim();
  }

  private readPart(
    view: number,
    chunk: number,
    into: Uint8Array,
    from: number,
    verify: boolean,
  ): void {
    const { state, files, scratch } = this;
    if (verify) {
      readChunk(state, files, view, chunk, scratch);
      into.set(scratch.subarray(from, from + into.length));
      return;
    }
    const value = state.valueOf(view, chunk);
    const physical = value.physicalPlus1 - 1;
    const pending = state.overlay.get(physical);
    if (isHole(value)) into.fill(0);
    else if (pending !== undefined) into.set(pending.subarray(from, from + into.length));
    else files.readData(into, physical * state.chunkBytes + from);
  }

  /** Reads chunks that are alike: holes, one image, or a run in the pool. Returns how many. */
  private readRun(
    view: number,
    chunk: number,
    into: Uint8Array,
    offset: number,
    countMax: number,
    verify: boolean,
  ): number {
    const { state } = this;
    const { chunkBytes, overlay } = state;
    const value = verify ? state.valueOf(view, chunk) : undefined;
    const first = value?.physicalPlus1 ?? state.placeOf(view, chunk);
    const pending = first === 0 ? undefined : overlay.get(first - 1);
    const values = value === undefined || first === 0 ? undefined : [value];
    let count = 1;
    while (count < countMax && pending === undefined) {
      const next = values === undefined ? undefined : state.valueOf(view, chunk + count);
      const place = next?.physicalPlus1 ?? state.placeOf(view, chunk + count);
      if (place !== (first === 0 ? 0 : first + count)) break;
      if (place !== 0 && overlay.get(place - 1) !== undefined) break;
      if (next !== undefined) values?.push(next);
      count++;
    }
    const isAll = count * chunkBytes === into.length;
    const target = isAll ? into : into.subarray(offset, offset + count * chunkBytes);
    if (first === 0) target.fill(0);
    else if (pending !== undefined) target.set(pending);
    else this.files.readData(target, (first - 1) * chunkBytes);
    if (values !== undefined) this.verify(view, chunk, values, target);
    return count;
  }

  private verify(view: number, chunk: number, values: readonly Value[], target: Uint8Array): void {
    const { chunkBytes, seed } = this.state;
    for (let index = 0; index < values.length; index++) {
      const { digest, physicalPlus1 } = values[index]!;
      const from = index * chunkBytes;
      if (xxh32(target, from, from + chunkBytes, seed) === digest) continue;
      target.fill(0);
      throw damagedChunk(this.state, view, chunk + index, physicalPlus1 - 1);
    }
  }
}
