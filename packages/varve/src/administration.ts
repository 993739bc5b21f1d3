/**
 * What is done to stores as a whole, by a new engine that has none open and ends afterwards.
 */
import type { StoreInfo } from './api.ts';
import type { ControlClient } from './control-client.ts';
import { withEngine } from './open.ts';
import { DEADLINE_MS, checkName } from './options.ts';
import type { Platform } from './platform.ts';
import { push } from './streams.ts';

function withControl<R>(
  platform: Platform,
  work: (control: ControlClient) => Promise<R>,
): Promise<R> {
  return withEngine(platform, DEADLINE_MS, true, async (engine) => {
    const result = await work(engine.control);
    engine.end();
    return result;
  });
}

export function listStoresOf(platform: Platform): Promise<StoreInfo[]> {
  return withControl(platform, async (control) => [...(await control.call('listStores'))]);
}

export async function deleteStoreOf(platform: Platform, name: string): Promise<void> {
  checkName(name);
  await withControl(platform, (control) => control.call('deleteStore', name));
}

export async function importStoreOf(
  platform: Platform,
  name: string,
  source: ReadableStream<Uint8Array> | Blob,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  checkName(name);
  const pieces = source instanceof Blob ? source.stream() : source;
  await withControl(platform, async (control) => {
    try {
      const opening = control.call('openImport', name);
      await push(control, opening, pieces, signal, (stream) => control.call('endImport', stream));
    } catch (error) {
      // What was begun is taken back before the engine ends.
      await control.call('close').catch(() => undefined);
      throw error;
    }
  });
}
