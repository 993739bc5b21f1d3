import type { Host } from '@varve/files';
import type { StoreEvent } from '@varve/protocol';
import { completeOptions } from './options.ts';
import { openPlace } from './place.ts';
import { VolumeLife } from './life.ts';
import { OpenVolume } from './volume.ts';
import type { Volume, VolumeEvent, VolumeOptions } from './volume-port.ts';

/**
 * Opens (or makes) a volume. What was journalled and not applied is replayed; a deletion or a restore
 * that was under way goes on.
 *
 * @throws VarveError BAD_ARGUMENT (an option, another geometry, a store that holds no volume),
 * NOT_FOUND, STORE_BUSY, STORE_LOST, CORRUPT, UNSUPPORTED_VERSION, IO_ERROR, QUOTA_EXCEEDED
 */
export async function openVolume(
  host: Host,
  name: string,
  given: VolumeOptions = {},
  onEvent: (event: VolumeEvent) => void = () => {},
): Promise<Volume> {
  const options = completeOptions(given);
  const early: StoreEvent[] = [];
  let hear = (event: StoreEvent): void => {
    early.push(event);
  };
  const place = await openPlace(host, name, options, (event) => hear(event));
  const life = new VolumeLife(host, name, options, place, onEvent);
  hear = (event) => life.heard(event);
  for (const event of early) life.heard(event);
  try {
    await life.load();
  } catch (error) {
    place.store.abandon();
    throw error;
  }
  return new OpenVolume(life);
}
