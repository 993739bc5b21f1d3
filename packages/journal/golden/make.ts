/**
 * Makes the golden store of the current format version, deterministically. Run it only for a new
 * version: `npx tsx packages/journal/golden/make.ts packages/journal/golden/v2`.
 */
import { recordFrameBytes, writeRecordFrame } from '@varve/protocol';
import { SimulatedDisk } from '@varve/files/simulated';
import { openStore } from '../src/index.ts';

const OPTIONS = { segmentSizeBytes: 4_096, maxStateBytes: 1_000 } as const;

function frame(payload: Uint8Array, type = 64, channel = 0): Uint8Array {
  const bytes = new Uint8Array(recordFrameBytes(channel, payload.length));
  writeRecordFrame(bytes, 0, type, channel, payload);
  return bytes;
}

const text = (value: string): Uint8Array => Uint8Array.from(value, (char) => char.charCodeAt(0));

/** The bytes of a store that has one of everything: batches, units, a state, a cut, several segments. */
export async function makeGolden(): Promise<Uint8Array> {
  const disk = new SimulatedDisk({ seed: 1, record: false });
  const host = disk.host();
  const open = (): ReturnType<typeof openStore> => openStore(host, 'golden', OPTIONS);
  let store = await open();
  await store.append({ frames: frame(text('hello')) });
  await store.append({ frames: frame(text('varve'), 65, 300) });
  await disk.advanceAsync(30);
  await store.append({ frames: frame(new Uint8Array(5_000).fill(7)) });
  const group = Array.from({ length: 60 }, (_, index) => frame(text(`record ${index}`.padEnd(100, '.'))));
  const frames = new Uint8Array(group.reduce((sum, part) => sum + part.length, 0));
  group.reduce((at, part) => (frames.set(part, at), at + part.length), 0);
  await store.append({ frames });
  await store.checkpoint(text('the state'), 40);
  store.abandon();
  store = await open();
  const unit = await store.openUnit();
  for (let piece = 0; piece < 3; piece++) await unit.write(new Uint8Array(2_000).fill(piece));
  await unit.commit({ type: 64, channel: 0 });
  await store.append({ frames: frame(text('the end')) });
  await store.close();
  return disk.peek('golden/journal');
}

const [, script, folder] = (globalThis as { process?: { argv: string[] } }).process?.argv ?? [];
if (folder !== undefined && script?.endsWith('make.ts') === true) {
  const { gzipSync } = await import('node:zlib');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(`${folder}/store.varve.gz`, gzipSync(await makeGolden(), { level: 9 }));
}
