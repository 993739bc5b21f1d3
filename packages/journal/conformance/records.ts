/** Small tools of the store cases: frames in, texts out. */
import { checkEqual } from '@varve/files/conformance';
import {
  isVarveError,
  newRecordFrame,
  readRecordFrame,
  RecordFlag,
  recordFrameBytes,
  writeRecordFrame,
} from '@varve/protocol';
import type { StorePort } from '../src/index.ts';

/** One record frame whose payload is `text` over and over. */
export function frame(text: string, length: number = text.length): Uint8Array {
  const payload = new Uint8Array(length);
  for (let index = 0; index < length; index++)
    payload[index] = text.charCodeAt(index % text.length);
  const bytes = new Uint8Array(recordFrameBytes(0, length));
  writeRecordFrame(bytes, 0, 64, 0, payload);
  return bytes;
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** What {@link readAll} shows of the record that {@link frame} made. */
export const shown = (lsn: number, text: string, length: number = text.length): string =>
  `${lsn} ${text.repeat(8).slice(0, Math.min(8, length))} ${length}`;

/** Every record as `lsn start-of-payload length`, read in small chunks. */
export function readAll(store: StorePort, reverse = false): string[] {
  const all: string[] = [];
  const into = newRecordFrame();
  let after = 0;
  let before: number | undefined;
  for (;;) {
    const upTo = before === undefined ? {} : { before };
    const chunk = store.readChunk({ after, maxBytes: 3_000, reverse, ...upTo });
    for (const run of chunk.runs) {
      const texts: string[] = [];
      let at = run.start;
      for (let lsn = run.firstLsn; lsn < run.firstLsn + run.count; lsn++) {
        at = readRecordFrame(chunk.bytes, at, run.end, into);
        const isExternal = (into.flags & RecordFlag.External) !== 0;
        const payload = isExternal
          ? store.readUnit(lsn, 0, Number.MAX_SAFE_INTEGER).bytes
          : chunk.bytes.slice(into.payloadStart, into.payloadEnd);
        texts.push(`${lsn} ${String.fromCharCode(...payload.slice(0, 8))} ${payload.length}`);
      }
      checkEqual(at, run.end, 'the end of a run');
      all.push(...(reverse ? texts.reverse() : texts));
      if (reverse) before = run.firstLsn;
      else after = run.firstLsn + run.count - 1;
    }
    if (chunk.done) return all;
  }
}

/** Runs what must be refused; returns its code and, for appends, its outcome. */
export async function refusalOf(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    if (isVarveError(error))
      return error.outcome === undefined ? error.code : `${error.code} ${error.outcome}`;
    throw error;
  }
  return 'no refusal';
}
