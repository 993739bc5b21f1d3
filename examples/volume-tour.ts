import type { OpenVolumeOptions, Volume } from 'varve/volume';

const MiB = 1024 * 1024;
const page = (byte: number): Uint8Array => new Uint8Array(4096).fill(byte);

/** @param openVolume of `varve/volume`; in Node of `varve/node` */
export async function tour(
  openVolume: (name: string, options: OpenVolumeOptions) => Promise<Volume>,
): Promise<string[]> {
  const said: string[] = [];
  await using vol = await openVolume('tour', { sizeBytes: 256 * MiB, chunkSizeBytes: 4096 });
  await vol.write(0, page(1)); // durable when it resolves
  await vol.atomic(async (tx) => {
    tx.write(4096, page(2));
    tx.write(1 * MiB, page(3));
    tx.trim(0, 100);
  }); // all three or none, one flush
  const snap = await vol.snapshot('before-import'); // one small record, whatever the size
  const buffer = new Uint8Array(4096);
  await snap.readInto(buffer, { at: 4096 });
  said.push(`the snapshot has ${buffer[0]}`);
  await snap.write(4096, page(4)); // snapshots are writable
  await vol.write(2 * MiB, new Uint8Array(MiB).fill(5));
  await vol.snapshot('after-import');
  for await (const { at, length } of vol.diff('before-import', 'after-import')) {
    said.push(`${length} bytes from ${at} on differ`); // from metadata alone
  }
  await vol.restore('before-import'); // resumable, in the background
  const [restored] = await vol.read(4096, 1);
  said.push(`restored: ${restored}`);
  await vol.deleteSnapshot('before-import', {
    onProgress: ({ done, total }) => done > total && said.push('never more than all of it'),
  });
  await vol.resize(512 * MiB);
  const { ok, findings } = await vol.check();
  said.push(ok ? 'sound' : `${findings.length} findings`);
  const { sizeBytes, snapshots } = await vol.status();
  said.push(`${sizeBytes / MiB} MiB, ${snapshots} snapshot`);
  return said;
}
