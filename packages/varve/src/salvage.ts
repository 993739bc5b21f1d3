/** Everything that still verifies in a damaged store, and what does not. */
import type { DamageRange, Entry, SalvageReport } from './api.ts';
import { chunkCursor } from './chunk-cursor.ts';
import type { EngineClient } from './engine-client.ts';
import type { EntryCoder } from './entry-coder.ts';
import { payloadAt } from './record-reader.ts';
import { pull } from './streams.ts';

export async function salvage<T>(
  { control, data }: EngineClient,
  coder: EntryCoder<T>,
  onEntry: (entry: Entry<T>) => void | Promise<void>,
): Promise<SalvageReport> {
  const missing: DamageRange[] = [];
  let records = 0;
  for await (const piece of pull(control, 'salvage')) {
    if ('missing' in piece) {
      missing.push(piece.missing);
      continue;
    }
    const cursor = chunkCursor({ bytes: piece.bytes, runs: piece.runs ?? [] }, false);
    while (cursor.next()) {
      const { frame, lsn, timeMs } = cursor;
      const { type, channel } = frame;
      let payload: Uint8Array;
      try {
        payload = await payloadAt(data, cursor);
      } catch {
        missing.push({ from: lsn, to: lsn, proof: 'read' });
        continue;
      }
      await onEntry(coder.decode(payload, lsn, type, channel, timeMs));
      records++;
    }
  }
  return { records, missing };
}
