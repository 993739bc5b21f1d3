/** The worker behind `behindMessage` and `behindTransport`: one session, served by that transport. */
import { RingConsumer } from '@varve/fifo';
import { countFlushes } from '../platform/counted-flushes.ts';
import { answer } from '../platform/rpc.ts';
import type { Outcome, Place, Session } from '../subject.ts';
import type { PackedBatches } from '../subjects/behind-message.ts';
import { inWorker } from '../subjects/in-worker.ts';

countFlushes();

let session: Session;

interface Opening {
  readonly subject: string;
  readonly place: Place;
  /** Served by a ring in this memory as well. */
  readonly memory?: SharedArrayBuffer;
}

/** How long the thread stands still for the next record before it lets anything else happen. */
const BLOCK_MS = 1;
const HEARTBEAT_MS = 1000;

async function serveRing(ring: RingConsumer): Promise<void> {
  const bytes = new Uint8Array(4 << 20);
  for (;;) {
    if (ring.next() < 0 && !ring.block(BLOCK_MS)) {
      await ring.wait(HEARTBEAT_MS);
      continue;
    }
    let end = 0;
    let place = 0;
    for (let length = ring.next(); length >= 0 && end + length <= bytes.length;) {
      place = ring.take(bytes, end);
      end += length;
      length = ring.next();
    }
    session.write!(bytes.subarray(0, end));
    ring.settle(place);
  }
}

answer(self, {
  async open({ subject, place, memory }: Opening) {
    session = await inWorker.find(({ id }) => id === subject)!.open(place);
    if (memory !== undefined) void serveRing(new RingConsumer(memory));
    self.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) {
        const [bytes] = new Uint32Array(data, 0, 1);
        session.write!(new Uint8Array(data, 4, bytes));
        self.postMessage(data, { transfer: [data] });
      } else if (data instanceof Uint8Array) {
        done(session.append(data));
      } else if (isPacked(data)) {
        const batches = unpack(data);
        done(batches.length === 1 ? session.appendBatch(batches[0]!) : session.together!(batches));
      }
    });
  },
  flushes: () => session.flushes(),
  storedBytes: () => session.storedBytes(),
  destroy: () => session.destroy(),
});

/** Synchronous subjects are answered in the same task; a failure ends the worker's session loudly. */
function done(outcome: Outcome): void {
  if (outcome === undefined) self.postMessage(0);
  else outcome.then(() => self.postMessage(0), reportError);
}

function isPacked(data: unknown): data is PackedBatches {
  return typeof data === 'object' && data !== null && 'batchRecords' in data;
}

function unpack({ bytes, recordBytes, batchRecords }: PackedBatches): Uint8Array[][] {
  const batches: Uint8Array[][] = [];
  for (let at = 0; at < bytes.length;) {
    const batch: Uint8Array[] = [];
    for (let each = 0; each < batchRecords; each++, at += recordBytes) {
      batch.push(bytes.subarray(at, at + recordBytes));
    }
    batches.push(batch);
  }
  return batches;
}
