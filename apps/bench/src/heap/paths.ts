/** The ways that a record takes through Varve, each to be looked at for what it allocates. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryHost } from '@varve/files/memory';
import { openStore, type StorePort } from '@varve/journal';
import {
  APPLICATION_TYPE_MIN,
  newRecordFrame,
  readRecordFrame,
  writeRecordFrame,
  type AppendMessage,
} from '@varve/protocol';
import { bytesViewCodec } from 'varve/codec';
import { openLog } from 'varve/node';
import { recordBatch } from '../records.ts';
import { varveNodeNull } from '../subjects/varve-node.ts';
import { openSession } from '../subjects/store-session.ts';
import { DirectEngine } from './direct-engine.ts';

const RECORD_BYTES = 100;
const BATCH_RECORDS = 1_000;
const REPLAYED_RECORDS = 200_000;
const SEGMENT_BYTES = 4 << 20;
/** Beyond it space is used again, as in a store that is in use. */
const KEEP_BYTES = 32 << 20;

export interface OpenPath {
  /** So many calls; a replay's call reads all there is. */
  run(calls: number): Promise<void>;
  close(): Promise<void>;
}

export interface HeapPath {
  readonly id: string;
  readonly title: string;
  readonly recordsPerCall: number;
  open(): Promise<OpenPath>;
}

const place = { name: 'heap', segmentSizeBytes: SEGMENT_BYTES, keepBytes: KEEP_BYTES };

const callsOf = (recordsPerCall: number): string =>
  recordsPerCall === 1 ? 'one at a time' : `batches of ${recordsPerCall}`;

export const storeAppends = (recordsPerCall: number): HeapPath => ({
  id: `store-${recordsPerCall}`,
  title: `the store in its own thread, encoding included, ${callsOf(recordsPerCall)}`,
  recordsPerCall,
  async open() {
    const session = await varveNodeNull.open(place);
    const records = recordBatch(RECORD_BYTES, recordsPerCall);
    const [record] = records;
    return {
      async run(calls) {
        for (let call = 0; call < calls; call++) {
          await (recordsPerCall > 1 ? session.appendBatch(records) : session.append(record!));
        }
      },
      close: () => session.destroy(),
    };
  },
});

function framesOf(records: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(records.length * (RECORD_BYTES + 16));
  let end = 0;
  for (const record of records) {
    end = writeRecordFrame(bytes, end, APPLICATION_TYPE_MIN, 0, record);
  }
  return bytes.slice(0, end);
}

export const engineAppends = (recordsPerCall: number): HeapPath => ({
  id: `engine-${recordsPerCall}`,
  title: `the engine, messages in and out, ${callsOf(recordsPerCall)}`,
  recordsPerCall,
  async open() {
    const engine = new DirectEngine();
    await engine.open('heap', { segmentSizeBytes: SEGMENT_BYTES, keep: { bytes: KEEP_BYTES } });
    const { buffer, length } = framesOf(recordBatch(RECORD_BYTES, recordsPerCall));
    const data: AppendMessage = { kind: 'append', id: 1, buffer, length };
    const event = { data };
    return {
      async run(calls) {
        for (let call = 0; call < calls; call++) await engine.append(event);
      },
      close: () => engine.close(),
    };
  },
});

/** Page, messages and engine in one thread; relaxed, so that no flush has to be waited for. */
export const logAppends = (recordsPerCall: number): HeapPath => ({
  id: `log-${recordsPerCall}`,
  title: `page, messages and engine together, ${callsOf(recordsPerCall)}`,
  recordsPerCall,
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'varve-heap-'));
    const log = await openLog<Uint8Array>('heap', {
      directory,
      inline: true,
      codec: bytesViewCodec,
      durability: 'relaxed',
      segmentSizeBytes: SEGMENT_BYTES,
      keep: { bytes: KEEP_BYTES },
    });
    const records = recordBatch(RECORD_BYTES, recordsPerCall);
    const [record] = records;
    return {
      async run(calls) {
        for (let call = 0; call < calls; call++) {
          await (recordsPerCall > 1 ? log.appendBatch(records) : log.append(record!));
        }
      },
      async close() {
        await log.close();
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
});

async function filled(): Promise<StorePort> {
  const store = await openStore(createMemoryHost(), 'heap', { segmentSizeBytes: SEGMENT_BYTES });
  const frames = framesOf(recordBatch(RECORD_BYTES, BATCH_RECORDS));
  for (let at = 0; at < REPLAYED_RECORDS; at += BATCH_RECORDS) await store.append({ frames });
  return store;
}

/** As whoever needs no object for a record reads: chunk by chunk into one buffer, frame by frame. */
function walk(store: StorePort): number {
  const frame = newRecordFrame();
  let touched = 0;
  let after = 0;
  let reuse: ArrayBufferLike | undefined;
  for (;;) {
    const chunk = store.readChunk({ after, maxBytes: 1 << 20, ...(reuse && { reuse }) });
    const { bytes, runs, done } = chunk;
    for (const { firstLsn, count, start, end } of runs) {
      for (let at = start; at < end;) {
        at = readRecordFrame(bytes, at, end, frame);
        touched += bytes[frame.payloadStart]!;
      }
      after = firstLsn + count - 1;
    }
    if (done) return touched;
    reuse = bytes.buffer;
  }
}

export const replayOfChunks: HeapPath = {
  id: 'replay-chunks',
  title: 'replay in the worker: chunks, one buffer, frames walked in place',
  recordsPerCall: REPLAYED_RECORDS,
  async open() {
    const store = await filled();
    return {
      async run(calls) {
        for (let call = 0; call < calls; call++) walk(store);
      },
      close: () => store.close(),
    };
  },
};

export const replayOfViews: HeapPath = {
  id: 'replay-views',
  title: 'replay in the worker: `for await`, a view a record',
  recordsPerCall: REPLAYED_RECORDS,
  async open() {
    const session = await openSession(createMemoryHost(), { ...place, keepBytes: 1 << 30 });
    const records = recordBatch(RECORD_BYTES, BATCH_RECORDS);
    for (let at = 0; at < REPLAYED_RECORDS; at += BATCH_RECORDS) await session.appendBatch(records);
    return {
      async run(calls) {
        for (let call = 0; call < calls; call++) await session.replay();
      },
      close: () => session.destroy(),
    };
  },
};

export const replayOfEntries: HeapPath = {
  id: 'replay-entries',
  title: 'replay from the page: `for await (… of log.read())`, an entry and a view a record',
  recordsPerCall: REPLAYED_RECORDS,
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'varve-heap-'));
    const log = await openLog<Uint8Array>('heap', {
      directory,
      inline: true,
      codec: bytesViewCodec,
      durability: 'relaxed',
    });
    const records = recordBatch(RECORD_BYTES, BATCH_RECORDS);
    for (let at = 0; at < REPLAYED_RECORDS; at += BATCH_RECORDS) await log.appendBatch(records);
    return {
      async run(calls) {
        let touched = 0;
        for (let call = 0; call < calls; call++) {
          for await (const { value } of log.read()) touched += value[0]!;
        }
        if (touched === 0) throw new Error('nothing was read');
      },
      async close() {
        await log.close();
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
};

export const heapPaths: readonly HeapPath[] = [
  storeAppends(BATCH_RECORDS),
  storeAppends(1),
  engineAppends(BATCH_RECORDS),
  engineAppends(1),
  logAppends(BATCH_RECORDS),
  logAppends(1),
  replayOfChunks,
  replayOfViews,
  replayOfEntries,
];
