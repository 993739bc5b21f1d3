import { openVolume } from 'varve/volume';

/** Keeps `files`, one a chunk, all of them or none. Returns how many bytes that changed. */
export async function keepAll(files: readonly Uint8Array[]): Promise<number> {
  const volume = await openVolume('disk0', { sizeBytes: 1024 * 1024, chunkSizeBytes: 4096 });
  await volume.snapshot('before'); // one small record, whatever the size
  try {
    for (const [index, bytes] of files.entries()) {
      await volume.atomic((tx) => {
        tx.write(4096 * (index + 1), bytes);
        tx.write(0, Uint8Array.of(index + 1)); // how many there are
      }); // resolved: both are durable; in a crash before that, both or neither
    }
  } catch (error) {
    console.warn('everything is taken back:', error);
    await volume.restore('before');
  }
  let changedBytes = 0;
  for await (const { length } of volume.diff('before')) changedBytes += length;
  await volume.deleteSnapshot('before');
  await volume.close();
  return changedBytes;
}
