/** Everything that still verifies in a damaged store, and what does not. */
import type { DamageRange, Entry, SalvageReport } from './api.ts';
import { chunkCursor } from './chunk-cursor.ts';
import type { EngineClient } from './engine-client.ts';
import type { EntryCoder } from './entry-coder.ts';
import { readWhole } from './record-reader.ts';
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
    if (!('records' in piece)) continue;
    const cursor = chunkCursor(piece.records);
    while (cursor.next()) {
      const { lsn, type, channel, timeMs } = cursor;
      const payload = cursor.payload() ?? (await readWhole(data, lsn).catch(() => undefined));
      if (payload) {
        await onEntry(coder.decode(payload, lsn, type, channel, timeMs));
        records++;
      } else missing.push({ from: lsn, to: lsn, proof: 'read' });
    }
  }
  return { records, missing };
}
