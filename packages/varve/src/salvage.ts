/** Everything that still verifies in a damaged store, and what does not. */
import { RecordFlag } from '@varve/protocol';
import type { DamageRange, Entry, SalvageReport } from './api.ts';
import { ChunkCursor } from './chunk-cursor.ts';
import type { EngineClient } from './engine-client.ts';
import type { EntryCoder } from './entry-coder.ts';
import { readWhole } from './record-reader.ts';

export async function salvage<T>(
  { control, data }: EngineClient,
  coder: EntryCoder<T>,
  onEntry: (entry: Entry<T>) => void | Promise<void>,
): Promise<SalvageReport> {
  const missing: DamageRange[] = [];
  let records = 0;
  const stream = await control.call('openSource', 'salvage');
  try {
    for (;;) {
      const piece = await control.call('pull', stream);
      if (piece.done) return { records, missing };
      if ('missing' in piece) {
        missing.push(piece.missing);
        continue;
      }
      const cursor = new ChunkCursor({ bytes: piece.bytes, runs: piece.runs ?? [] }, false);
      while (cursor.next()) {
        const { frame, lsn, timeMs, bytes } = cursor;
        const { type, channel, flags, payloadStart, payloadEnd } = frame;
        let payload: Uint8Array | undefined = bytes.subarray(payloadStart, payloadEnd);
        if ((flags & RecordFlag.External) !== 0) {
          payload = await readWhole(data, lsn).catch(() => undefined);
        }
        if (payload === undefined) {
          missing.push({ from: lsn, to: lsn, proof: 'read' });
          continue;
        }
        await onEntry(coder.decode(payload, lsn, type, channel, timeMs));
        records++;
      }
    }
  } finally {
    control.call('dropStream', stream).catch(() => undefined);
  }
}
