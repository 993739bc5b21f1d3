/** Real stores for the tests of the command, made with the Node host. */
import { createNodeHost } from '@varve/files/node';
import { openStore, type Store, type StoreOptions } from '@varve/journal';
import { recordFrameBytes, writeRecordFrame } from '@varve/protocol';
import { structuredCodec } from 'varve/codec';

const codec = structuredCodec();
const OPTIONS = { segmentSizeBytes: 4096, maxStateBytes: 1024 };

export function frame(value: unknown, type = 64, channel = 0): Uint8Array {
  const payload = value instanceof Uint8Array ? value : codec.encode(value);
  const bytes = new Uint8Array(recordFrameBytes(channel, payload.length));
  writeRecordFrame(bytes, 0, type, channel, payload);
  return bytes;
}

export const open = (
  root: string,
  name: string,
  options: Partial<StoreOptions> = {},
): Promise<Store> => openStore(createNodeHost(root), name, { ...OPTIONS, ...options });

/** LSN of the record that is stored as a unit, and of the last record. */
export const UNIT_LSN = 26;
export const LAST_LSN = 27;
export const UNIT_BYTES = 5400;

/** Five segments: 25 values of odd lengths, a unit, a checkpoint, a last record; closed properly. */
export async function makeStore(root: string, name: string): Promise<void> {
  const store = await open(root, name);
  for (let i = 0; i < UNIT_LSN - 1; i++) {
    const value = { i, at: new Date(i), text: 'x'.repeat((i * 97) % 600) };
    await store.append({ frames: frame(value, 64 + (i % 2), i % 3) });
  }
  const unit = await store.openUnit();
  for (let i = 0; i < 6; i++) await unit.write(new Uint8Array(UNIT_BYTES / 6).fill(i));
  await unit.commit({ type: 70, channel: 0 });
  await store.checkpoint(codec.encode({ sum: 1 }), 20);
  await store.append({ frames: frame(new Uint8Array([0xff, 1, 2])) });
  await store.close();
}
