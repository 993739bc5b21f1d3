/** What is held in the leader for a follower of a volume, and when it is let go of. */
import type { Abort } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import type { ToFollower } from '@varve/protocol';
import { openVolume, type Volume } from '@varve/volume';
import { expect, test } from 'vitest';
import { testServices } from './test/raw-client.ts';
import { VolumeGuest } from './volume-guest.ts';

async function guestOf(
  changed: Partial<Volume>,
): Promise<{ guest: VolumeGuest; answers: ToFollower[] }> {
  const host = createMemoryHost();
  const volume = await openVolume(host, 'v', { sizeBytes: 8192, segmentSizeBytes: 65_536 });
  const answers: ToFollower[] = [];
  const served = Object.assign(volume, changed);
  const guest = new VolumeGuest(testServices(host), served, (body) => answers.push(body));
  return { guest, answers };
}

const call = (id: number, method: string, ...args: unknown[]): unknown => ({
  kind: 'call',
  id,
  request: { method, args },
});

test('of a guest that left nobody goes on listening to its works', async () => {
  let listening: Abort | undefined;
  const { guest, answers } = await guestOf({
    check: ({ signal } = {}) => {
      listening = signal;
      return new Promise(() => undefined);
    },
  });
  expect(guest.hear(call(1, 'openWork', { kind: 'check', data: true }))).toBeUndefined();
  await expect.poll(() => answers.length).toBe(1);
  expect(listening?.aborted).toBe(false);
  guest.end();
  expect(listening?.aborted).toBe(true);
});

test('what is answered makes room for what comes next', async () => {
  const ends: (() => void)[] = [];
  const { guest, answers } = await guestOf({
    flush: () => new Promise((resolve) => ends.push(resolve)),
  });
  for (let id = 1; id <= 130; id++) guest.hear(call(id, 'flushVolume'));
  const refused = (): number => answers.filter(({ kind }) => kind === 'failed').length;
  await expect.poll(refused).toBe(2);
  ends[0]!();
  await expect.poll(() => answers.length).toBe(3);
  guest.hear(call(131, 'volumeStatus'));
  await expect.poll(() => answers.at(-1)).toMatchObject({ id: 131, kind: 'answered' });
});
