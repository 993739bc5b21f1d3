/** Staging grows with what it holds: a frame that is cut short would verify, and say nothing. */
import { newRecordFrame, readRecordFrame, SystemType } from '@varve/protocol';
import { expect, test } from 'vitest';
import { PLAIN_HEADER_BYTES } from './batch.ts';
import { geometryOf } from './geometry.ts';
import { Staging } from './staging.ts';

test('a system record that just fits, or just does not, stands there whole', () => {
  const geometry = geometryOf(4_096, 16);
  for (let left = 0; left < 64; left++) {
    const staging = new Staging(geometry, 1, 0);
    const room = 2 * 4_096 - PLAIN_HEADER_BYTES - left;
    staging.open(PLAIN_HEADER_BYTES, 1, 0);
    staging.put(new Uint8Array(room), 0, room, 1);
    const payload = new Uint8Array(36).fill(7);
    const at = staging.length;
    staging.putRecord(SystemType.Next, payload, 0);
    const end = staging.length;
    staging.seal({ flags: 0 }, 1, 0, 0);
    const frame = newRecordFrame();
    expect(readRecordFrame(staging.whole, at, end, frame)).toBe(end);
    expect(staging.whole.subarray(frame.payloadStart, frame.payloadEnd)).toEqual(payload);
  }
});
