/**
 * What an image shows, compared with what it may be.
 *
 * I1 everything acknowledged is there, byte for byte in every view, and I2 it is one of the states that
 * the calls made, whole: `demandOne` · I3 a recovery that was interrupted ends where it would have: the
 * caller names one state · I4 references are what is reachable, digests and sums agree: `check()` ·
 * I6 no image of a lost write is called damaged: any error is a violation · I7 opening and all calls
 * end: `ending` · where a device lies, all that is served is of one state: `demandServed`.
 */
import { isVarveError } from '@varve/protocol';
import type { Volume } from '../src/index.ts';
import { assertClean, Differs, sameBytes } from './equal.ts';
import type { Model } from './model.ts';

/** Longer than anything takes on a simulated disk, whatever else the machine does. */
const HANG_MS = 120_000;

class Hang extends Error {
  override readonly name = 'Hang';
}

/** @throws when it does not */
export async function ending<T>(task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Hang('I7: a call does not end')), HANG_MS);
  });
  try {
    return await Promise.race([task, hangs]);
  } finally {
    clearTimeout(timer);
  }
}

/** View name (undefined: the origin) → all of its bytes. */
type Views = ReadonlyMap<string | undefined, Uint8Array>;

/** The state that came back. @throws Differs when it is none that may have, or the check finds something */
export async function demandOne(volume: Volume, allowed: readonly Model[]): Promise<Model> {
  const views = await viewsOf(volume);
  const found = allowed.findLast((model) => differenceOf(views, model) === undefined);
  if (found === undefined) {
    const [newest] = allowed.slice(-1);
    throw new Differs(`none of ${allowed.length} states: ${differenceOf(views, newest!)}`);
  }
  await assertClean(volume);
  return found;
}

async function viewsOf(volume: Volume): Promise<Views> {
  const views = new Map<string | undefined, Uint8Array>();
  views.set(undefined, await viewOf(volume, undefined, volume.status().sizeBytes));
  for (const { name, sizeBytes } of volume.snapshots()) {
    views.set(name, await viewOf(volume, name, sizeBytes));
  }
  return views;
}

async function viewOf(
  volume: Volume,
  view: string | undefined,
  sizeBytes: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes + 1);
  const read = await volume.readInto(bytes, { at: 0, ...(view !== undefined && { view }) });
  if (read !== sizeBytes) throw new Differs(`${nameOf(view)} has ${read} bytes of ${sizeBytes}`);
  return bytes.subarray(0, read);
}

const nameOf = (view: string | undefined): string => view ?? 'the origin';

function differenceOf(views: Views, model: Model): string | undefined {
  if (views.size !== model.snapshots.size + 1) {
    return `snapshots are ${[...views.keys()].join()}, not ${[...model.snapshots.keys()].join()}`;
  }
  for (const [view, bytes] of views) {
    const expected = view === undefined ? model.origin : model.snapshots.get(view);
    if (expected === undefined) return `there is a snapshot ${view}`;
    if (bytes.length !== expected.length) {
      return `${nameOf(view)} has ${bytes.length} bytes, not ${expected.length}`;
    }
    if (!sameBytes(bytes, expected)) {
      const at = expected.findIndex((byte, index) => bytes[index] !== byte);
      return `${nameOf(view)} at ${at}: ${bytes[at]}, not ${expected[at]}`;
    }
  }
  return undefined;
}

/** All chunks that are served are those of one state; others are refused. @throws Differs */
export async function demandServed(
  volume: Volume,
  chunkBytes: number,
  ever: readonly Model[],
): Promise<void> {
  let candidates = ever;
  const names = volume.snapshots().map(({ name }) => name);
  const { sizeBytes } = volume.status();
  const demandSome = (what: string): void => {
    if (candidates.length === 0) throw new Differs(`no state has ${what}`);
  };
  candidates = candidates.filter(
    ({ origin, snapshots }) =>
      origin.length === sizeBytes &&
      snapshots.size === names.length &&
      names.every((name) => snapshots.has(name)),
  );
  demandSome(`${sizeBytes} bytes and the snapshots ${names.join()}`);
  const into = new Uint8Array(chunkBytes);
  for (const view of [undefined, ...names]) {
    const size = candidates[0]!.view(view).length;
    for (let at = 0; at < size; at += chunkBytes) {
      const read = await servedInto(volume, into, at, view);
      if (read === undefined) continue;
      const bytes = into.subarray(0, read);
      candidates = candidates.filter((model) =>
        sameBytes(model.view(view).subarray(at, at + chunkBytes), bytes),
      );
      demandSome(`these bytes of ${nameOf(view)} at ${at}, and what was served before`);
    }
  }
}

/** Undefined: it is refused, as damaged. */
async function servedInto(
  volume: Volume,
  into: Uint8Array,
  at: number,
  view: string | undefined,
): Promise<number | undefined> {
  try {
    return await volume.readInto(into, { at, ...(view !== undefined && { view }) });
  } catch (error) {
    if (isVarveError(error, 'CORRUPT')) return undefined;
    throw error;
  }
}
