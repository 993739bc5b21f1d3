/** Every method of a volume with arguments that are none: a result, or a code; never a bare TypeError, never a wait. */
import { isVarveError } from '@varve/protocol';
import { expect, test } from 'vitest';
import { SMALL, collect } from './test/volume-cases.ts';
import { GARBAGE, optionsOf, outcomeOf } from './test/garbage.ts';
import { testVolumes } from './test/volume-engine.ts';
import type { Transaction } from './volume-api.ts';

const BYTES = new Uint8Array(9);
const COUNTS = [...GARBAGE, 2 ** 53, 2 ** 40];
const WORK = optionsOf(['signal', 'onProgress']);

// oxlint-disable-next-line typescript/no-explicit-any -- what its types forbid is what is tried
type Call = (volume: any, given: unknown) => unknown;

const CALLS: Record<string, readonly [readonly unknown[], Call]> = {
  'write: at': [COUNTS, (volume, at) => volume.write(at, BYTES)],
  'write: bytes': [GARBAGE, (volume, bytes) => volume.write(0, bytes)],
  'write: options': [optionsOf(['signal']), (volume, options) => volume.write(0, BYTES, options)],
  'trim: at': [COUNTS, (volume, at) => volume.trim(at, 1)],
  'trim: length': [COUNTS, (volume, length) => volume.trim(0, length)],
  'trim: options': [optionsOf(['signal']), (volume, options) => volume.trim(0, 1, options)],
  'atomic: work': [GARBAGE, (volume, work) => volume.atomic(work)],
  'atomic: options': [
    optionsOf(['signal']),
    (volume, options) => volume.atomic((tx: Transaction) => tx.write(0, BYTES), options),
  ],
  'atomic: what is written': [
    GARBAGE,
    (volume, given) => volume.atomic((tx: Transaction) => tx.write(0, given as Uint8Array)),
  ],
  'read: at': [COUNTS, (volume, at) => volume.read(at, 1)],
  'read: length': [COUNTS, (volume, length) => volume.read(0, length)],
  'read: options': [
    optionsOf(['signal', 'verify']),
    (volume, options) => volume.read(0, 1, options),
  ],
  'readInto: buffer': [GARBAGE, (volume, buffer) => volume.readInto(buffer, { at: 0 })],
  'readInto: options': [
    optionsOf(['at', 'signal', 'verify']),
    (volume, options) => volume.readInto(BYTES.slice(), options),
  ],
  'snapshot: name': [GARBAGE, (volume, name) => volume.snapshot(name)],
  'snapshot: options': [optionsOf(['signal']), (volume, options) => volume.snapshot('s', options)],
  'deleteSnapshot: name': [GARBAGE, (volume, name) => volume.deleteSnapshot(name)],
  'deleteSnapshot: options': [WORK, (volume, options) => volume.deleteSnapshot('then', options)],
  'restore: name': [GARBAGE, (volume, name) => volume.restore(name)],
  'restore: options': [WORK, (volume, options) => volume.restore('then', options)],
  'diff: from': [GARBAGE, (volume, from) => collect(volume.diff(from))],
  'diff: to': [GARBAGE, (volume, to) => collect(volume.diff('then', to))],
  'resize: sizeBytes': [COUNTS, (volume, sizeBytes) => volume.resize(sizeBytes)],
  'check: options': [
    optionsOf(['data', 'signal', 'onProgress']),
    (volume, options) => volume.check(options),
  ],
  'map: first': [COUNTS, (volume, first) => volume.map(first, 1)],
  'map: count': [COUNTS, (volume, count) => volume.map(0, count)],
};

test.each(Object.entries(CALLS))('%s', async (_name, [all, call]) => {
  const volumes = testVolumes();
  const wrong: string[] = [];
  let made = 0;
  for (const given of all) {
    const volume = await volumes.open(`garbage${made++}`, SMALL);
    await volume.write(0, BYTES);
    await volume.snapshot('then');
    const outcome = await outcomeOf(() => call(volume, given));
    if (outcome !== 'ok') wrong.push(`${JSON.stringify(given) ?? String(given)}: ${outcome}`);
    const closed = await outcomeOf(() => volume.close());
    if (closed !== 'ok') wrong.push(`${JSON.stringify(given) ?? String(given)}, close: ${closed}`);
  }
  expect(wrong).toEqual([]);
});

test('a transaction that is over takes nothing more', async () => {
  const volume = await testVolumes().open('over', SMALL);
  const kept = await volume.atomic((tx) => tx);
  for (const late of [() => kept.write(0, BYTES), () => kept.trim(0, 1)]) {
    const error = await (async () => late())().catch((thrown: unknown) => thrown);
    expect(isVarveError(error, 'CLOSED')).toBe(true);
  }
  await volume.close();
});
