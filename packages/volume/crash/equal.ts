/** Compares a volume with the model, byte by byte in every view, and asks it to check itself. */
import type { Volume } from '../src/index.ts';
import type { Model } from './model.ts';

export class Differs extends Error {
  override readonly name = 'Differs';
}

/** @throws Differs */
export async function assertEqual(volume: Volume, model: Model, withData = true): Promise<void> {
  const names = volume.snapshots().map(({ name }) => name);
  const expected = [...model.snapshots.keys()];
  if (names.toSorted().join() !== expected.toSorted().join()) {
    throw new Differs(`snapshots are ${names.join()}, not ${expected.join()}`);
  }
  await assertView(volume, undefined, model.origin);
  for (const [name, bytes] of model.snapshots) await assertView(volume, name, bytes);
  await assertClean(volume, withData);
}

export async function assertView(
  volume: Volume,
  view: string | undefined,
  expected: Uint8Array,
): Promise<void> {
  for (const verify of [true, false]) await assertRead(volume, view, expected, verify);
}

async function assertRead(
  volume: Volume,
  view: string | undefined,
  expected: Uint8Array,
  verify: boolean,
): Promise<void> {
  const bytes = new Uint8Array(expected.length + 1);
  const options = { at: 0, verify, ...(view !== undefined && { view }) };
  const read = await volume.readInto(bytes, options);
  const name = `${view ?? 'the origin'}${verify ? '' : ', unverified,'}`;
  if (read !== expected.length)
    throw new Differs(`${name} has ${read} bytes, not ${expected.length}`);
  if (sameBytes(bytes.subarray(0, read), expected)) return;
  const at = expected.findIndex((byte, index) => bytes[index] !== byte);
  throw new Differs(`${name} at ${at}: ${bytes[at]}, not ${expected[at]}`);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export async function assertClean(volume: Volume, data = true): Promise<void> {
  const report = await volume.check({ data });
  if (!report.ok) throw new Differs(`check: ${JSON.stringify(report.findings.slice(0, 3))}`);
}

/** @throws Differs when a deletion or restore does not come to its end by itself */
export async function assertIdle(volume: Volume): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (volume.status().work.length === 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Differs(`work does not end: ${JSON.stringify(volume.status().work)}`);
}
