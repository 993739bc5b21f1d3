/**
 * What one client asks of an open volume: the same for the page of this worker and for a follower in
 * another tab.
 *
 * Always true:
 * - a call has its place in the volume's order when `call` returns: nothing is awaited before
 * - who looks sees what the same client has asked for before, even if that waits; others need not wait
 * - when the client goes, nobody listens to its works any more (`dispose`)
 */
import type { Timers } from '@varve/files';
import { METADATA_BLOCKS_MAX, isVolumeChange } from '@varve/protocol';
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

/** What looks, and tells of what it found: behind what the client has asked for before. */
const LOOKS: readonly DeskMethod[] = ['read', 'snapshots', 'map', 'metadata', 'openWork'];

export class VolumeDesk {
  readonly #works: VolumeWorks;
  readonly #handlers: Handlers;
  /** Of this client, begun or waiting. */
  #changes = 0;

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

  async call(volume: Volume, request: DeskRequest): Promise<unknown> {
    const { method, args } = request;
    const handler = this.#handlers[method] as (
      volume: Volume,
      ...args: readonly unknown[]
    ) => unknown;
    const run = async (): Promise<unknown> => handler(volume, ...args);
    if (isVolumeChange(request)) {
      this.#changes++;
      return run().finally(() => this.#changes--);
    }
    return this.#changes > 0 && LOOKS.includes(method) ? volume.inOrder(run) : run();
  }

  dispose(): void {
    this.#works.dropAll();
  }
}
