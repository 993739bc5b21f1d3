/**
 * Appends and their answers as they stand in shared memory (`@varve/fifo`), for those who have it.
 *
 * ```
 * an append: frames, filled up to a multiple of 4, then
 *    groups × u32    byte length of each atomic group; none: one group
 *     0  id            f64
 *     8  expect        f64   −1: none
 *    16  durability    u32   index into DURABILITIES
 *    20  groups        u32
 *    24  frames        u32   bytes
 * an answer: it was appended, all of it. Whatever else there is to say goes by message.
 *     0  id            f64
 *     8  firstLsn      f64
 *    16  groups        u32
 * nothing at all: a message was sent
 * ```
 *
 * Always true:
 * - what is read here was copied out of shared memory before, and may be anything: the functions that
 *   read look at sizes alone, an append then goes through `validateToEngine` as a message does
 * - frames come first: an entry's own buffer is the buffer of the message
 */
import type { AppendMessage, AppendedMessage } from './data-messages.ts';

const TAIL_BYTES = 28;
export const ANSWER_ENTRY_BYTES = 20;
const DURABILITIES = [undefined, 'strict', 'relaxed'] as const;
const NONE = -1;

const framesEnd = (length: number): number => (length + 3) & -4;

export const appendEntryBytes = ({ length, groups }: AppendMessage): number =>
  framesEnd(length) + 4 * (groups?.length ?? 0) + TAIL_BYTES;

export function writeAppendEntry(target: Uint8Array, message: AppendMessage): void {
  const { id, buffer, length, groups, durability, expect = NONE } = message;
  target.set(new Uint8Array(buffer, 0, length));
  const view = new DataView(target.buffer, target.byteOffset, target.length);
  let at = framesEnd(length);
  for (const bytes of groups ?? []) {
    view.setUint32(at, bytes);
    at += 4;
  }
  view.setFloat64(at, id);
  view.setFloat64(at + 8, expect);
  view.setUint32(at + 16, DURABILITIES.indexOf(durability));
  view.setUint32(at + 20, groups?.length ?? 0);
  view.setUint32(at + 24, length);
}

/** Undefined: its sizes do not agree. What it is otherwise nobody has looked at. */
export function readAppendEntry(buffer: ArrayBuffer): AppendMessage | undefined {
  const at = buffer.byteLength - TAIL_BYTES;
  if (at < 0) return undefined;
  const view = new DataView(buffer);
  const count = view.getUint32(at + 20);
  const length = view.getUint32(at + 24);
  const expect = view.getFloat64(at + 8);
  const durability = view.getUint32(at + 16);
  if (length > at || durability >= DURABILITIES.length) return undefined;
  const start = framesEnd(length);
  if (start + 4 * count !== at) return undefined;
  const groups = new Uint32Array(count);
  for (let index = 0; index < count; index++) groups[index] = view.getUint32(start + 4 * index);
  return {
    kind: 'append',
    id: view.getFloat64(at),
    buffer,
    length,
    groups: count > 0 ? groups : undefined,
    durability: DURABILITIES[durability],
    expect: expect === NONE ? undefined : expect,
  };
}

/** @param target of `ANSWER_ENTRY_BYTES` */
export function writeAnswerEntry(target: Uint8Array, answer: AppendedMessage): void {
  const view = new DataView(target.buffer, target.byteOffset, target.length);
  view.setFloat64(0, answer.id);
  view.setFloat64(8, answer.firstLsn);
  view.setUint32(16, answer.groups);
}

/** Undefined: it is none. */
export function readAnswerEntry(entry: Uint8Array): AppendedMessage | undefined {
  if (entry.length !== ANSWER_ENTRY_BYTES) return undefined;
  const view = new DataView(entry.buffer, entry.byteOffset, entry.length);
  const id = view.getFloat64(0);
  return { kind: 'appended', id, firstLsn: view.getFloat64(8), groups: view.getUint32(16) };
}
