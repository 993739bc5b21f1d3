/**
 * The simplest log that could pass: frames in one file, each with a sum. What the harness is
 * proved on, and the control that Varve's own rows are compared with.
 *
 * frame = u32 length · u32 flags (1: last of its batch) · u32 sum · u32 LSN · bytes
 */
import { sumOf } from './value.ts';

const FRAME_BYTES = 16;
const LAST_OF_BATCH = 1;

export interface RawFrame {
  readonly lsn: number;
  readonly bytes: Uint8Array;
}

export interface RawScan {
  readonly frames: readonly RawFrame[];
  readonly endOffset: number;
  readonly tornBytes: number;
}

const frameSum = (bytes: Uint8Array, lsn: number): number => (sumOf(bytes) ^ lsn) >>> 0;

export function encodeBatch(parts: readonly Uint8Array[], firstLsn: number): Uint8Array {
  const length = parts.reduce((sum, part) => sum + FRAME_BYTES + part.length, 0);
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  let at = 0;
  parts.forEach((part, index) => {
    view.setUint32(at, part.length, true);
    view.setUint32(at + 4, index === parts.length - 1 ? LAST_OF_BATCH : 0, true);
    view.setUint32(at + 8, frameSum(part, firstLsn + index), true);
    view.setUint32(at + 12, firstLsn + index, true);
    out.set(part, at + FRAME_BYTES);
    at += FRAME_BYTES + part.length;
  });
  return out;
}

/** Frames up to the first that does not verify; a batch without its last frame does not count. */
export function scan(file: Uint8Array, verify = true): RawScan {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const frames: RawFrame[] = [];
  let open: RawFrame[] = [];
  let at = 0;
  let endOffset = 0;
  while (at + FRAME_BYTES <= file.length) {
    const end = at + FRAME_BYTES + view.getUint32(at, true);
    const lsn = view.getUint32(at + 12, true);
    if (end > file.length || lsn !== frames.length + open.length + 1) break;
    const bytes = file.slice(at + FRAME_BYTES, end);
    if (verify && frameSum(bytes, lsn) !== view.getUint32(at + 8, true)) break;
    open.push({ lsn, bytes });
    at = end;
    if (view.getUint32(at - bytes.length - FRAME_BYTES + 4, true) === LAST_OF_BATCH) {
      frames.push(...open);
      open = [];
      endOffset = at;
    }
  }
  return { frames, endOffset, tornBytes: file.length - endOffset };
}
