/**
 * What one client asks of an open volume: the same for the page of this worker and for a follower in
 * another tab.
 *
 * Always true:
 * - a call has its place in the volume's order when `call` returns: nothing is awaited before
 * - when the client goes, nobody listens to its works any more (`dispose`)
 */
import type { Timers } from '@varve/files';
import { METADATA_BLOCKS_MAX } from '@varve/protocol';
import type { GivenView, VolumeCalls, VolumeMethod, VolumeRequest } from '@varve/protocol';
import type { Volume } from '@varve/volume';
import { VolumeWorks } from './volume-works.ts';

/** Calls of an open volume; the others are about opening it. */
type DeskMethod = Exclude<VolumeMethod, 'openVolume' | 'park' | 'closeVolume'>;

export type DeskRequest = VolumeRequest<DeskMethod>;

type Handlers = {
  readonly [M in DeskMethod]: (
    volume: Volume,
    ...args: Parameters<VolumeCalls[M]>
  ) => ReturnType<VolumeCalls[M]> | Promise<ReturnType<VolumeCalls[M]>>;
};

const viewOf = (view: GivenView): { readonly view?: string } => (view === null ? {} : { view });

export class VolumeDesk {
  readonly #works: VolumeWorks;
  readonly #handlers: Handlers;

  constructor(timers: Timers) {
    const works = new VolumeWorks(timers);
    this.#works = works;
    this.#handlers = {
      volumeStatus: (volume) => volume.status(),
      write: (volume, at, bytes, view) => volume.write(at, bytes, viewOf(view)),
      trimVolume: (volume, at, length, view) => volume.trim(at, length, viewOf(view)),
      atomic: (volume, ops, view) => volume.atomic(ops, viewOf(view)),
      read: async (volume, at, length, view, verify) => {
        const bytes = new Uint8Array(length);
        const read = await volume.readInto(bytes, { at, verify, ...viewOf(view) });
        return read === length ? bytes : bytes.slice(0, read);
      },
      snapshot: (volume, name) => volume.snapshot(name),
      snapshots: (volume) => volume.snapshots(),
      resize: (volume, sizeBytes) => volume.resize(sizeBytes),
      flushVolume: (volume) => volume.flush(),
      checkpointVolume: (volume) => volume.checkpoint(),
      map: (volume, first, count) => volume.map(first, count),
      metadata: (volume, first) => volume.metadata(first, METADATA_BLOCKS_MAX),
      openWork: (volume, work) => works.open(volume, work),
      pullWork: (_, work) => works.pull(work),
      dropWork: (_, work) => works.drop(work),
    };
  }

  get methods(): readonly DeskMethod[] {
    return Object.keys(this.#handlers) as DeskMethod[];
  }

  async call(volume: Volume, { method, args }: DeskRequest): Promise<unknown> {
    const handler = this.#handlers[method] as (
      volume: Volume,
      ...args: readonly unknown[]
    ) => unknown;
    return handler(volume, ...args);
  }

  dispose(): void {
    this.#works.dropAll();
  }
}
