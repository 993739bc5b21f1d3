/** What the plans of volumes say (volume-plan.ts), done and read back. */
import type { Volume, VolumeView } from 'varve/volume';
import { BLOCK_BYTES, BLOCKS, type VolumeStep } from './volume-plan.ts';

/** @param value what blocks are filled with; `from` is the first block that is ours */
export async function takeStep(
  volume: Volume,
  step: VolumeStep,
  value: number,
  from = 0,
): Promise<void> {
  switch (step.kind) {
    case 'write':
      return volume.atomic((tx) => {
        for (const block of step.blocks) {
          tx.write(
            (from + block) * BLOCK_BYTES,
            new Uint8Array(new Uint32Array(BLOCK_BYTES / 4).fill(value).buffer),
          );
        }
      });
    case 'trim':
      return volume.trim((from + step.block) * BLOCK_BYTES, BLOCK_BYTES);
    case 'snapshot':
      return void (await volume.snapshot(step.name));
    case 'restore':
      return volume.restore(step.name);
    case 'delete':
      return volume.deleteSnapshot(step.name);
  }
}

/** Each block's number; one that is not whole is −1. */
export async function numbersIn(view: VolumeView, from = 0): Promise<number[]> {
  const bytes = await view.read(from * BLOCK_BYTES, BLOCKS * BLOCK_BYTES);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const each = BLOCK_BYTES / 4;
  return Array.from({ length: BLOCKS }, (_, block) => {
    const of = words.subarray(block * each, (block + 1) * each);
    return of.every((word) => word === of[0]) ? of[0]! : -1;
  });
}
