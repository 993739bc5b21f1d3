// The same promise where the device fails first: each operation of the workload fails in turn, the
// workload goes on as an app would, and only then the power is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDevice, explore } from '@varve/crashkit/device';
import { History } from '@varve/crashkit/oracle';

const { Notes } = await import(process.env.NOTES ?? './notes.js');

const FAULTS = [
  { on: 'flush', effect: { throws: 'io' } },
  { on: 'write', effect: { throws: 'io' } },
  { on: 'write', effect: { short: 'half' } },
  { on: 'grow', effect: { throws: 'no-space' } },
];
const NOTES = 6;

async function failing(profile, fault) {
  const device = createDevice({ profile });
  const history = new History({ now: () => device.opCount });
  const notes = await Notes.open(await device.directory());
  device.advance(60_000);
  const injected = device.inject(fault);
  for (let number = 1; number <= NOTES; number++) {
    const note = { number, text: 'a note of some length. '.repeat(40 - 5 * number) };
    await history.write([note], () => notes.add(note)).catch(() => undefined);
  }
  assert.equal(injected.strikes, 1);
  const report = await explore(device, async (image) => {
    const found = await Notes.open(await image.directory());
    history.check(found.all(), image);
  });
  report.assertClean();
}

// Not `fsync-fail-late`: there a flush says that it succeeded and did not, and no store can help it.
for (const profile of ['fsync-fail-keep', 'fsync-fail-revert']) {
  for (const fault of FAULTS) {
    const what = JSON.stringify(fault.effect);
    await test(`${profile}: each ${fault.on} in turn, ${what}`, async () => {
      for (let skip = 0; skip < NOTES; skip++) await failing(profile, { ...fault, skip });
    });
  }
}
