/** The worker behind `behindMessage`: one session, served by bare messages. */
import { countFlushes } from '../platform/counted-flushes.ts';
import { answer } from '../platform/rpc.ts';
import type { Outcome, Place, Session } from '../subject.ts';
import type { PackedBatches } from '../subjects/behind-message.ts';
import { inWorker } from '../subjects/in-worker.ts';

countFlushes();

let session: Session;

answer(self, {
  async open({ subject, place }: { subject: string; place: Place }) {
    session = await inWorker.find(({ id }) => id === subject)!.open(place);
    self.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data instanceof Uint8Array) {
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
