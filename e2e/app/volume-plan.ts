/**
 * What the volume in the lab goes through, step by step: the page does it, the test knows what must
 * be there after each step.
 *
 * Always true: step `k` depends on `k` alone, and leaves something that no other step leaves.
 */
export const BLOCK_BYTES = 4096;
export const BLOCKS = 96;
export const VOLUME_OPTIONS = {
  sizeBytes: BLOCKS * BLOCK_BYTES,
  segmentSizeBytes: 64 * 1024,
  // Often, so that kills fall into checkpoints, too.
  checkpointEveryBytes: 256 * 1024,
} as const;

export type VolumeStep =
  /** All of these blocks are filled with the number of the step, as one group. */
  | { readonly kind: 'write'; readonly blocks: readonly number[] }
  | { readonly kind: 'trim'; readonly block: number }
  | { readonly kind: 'snapshot'; readonly name: string }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'restore'; readonly name: string };

const PERIOD = 40;

const blockOf = (k: number, which: number): number =>
  Math.imul(k * 7 + which * 131 + 1, 0x9e37_79b1) % BLOCKS;

export function volumeStep(k: number): VolumeStep {
  const before = Math.floor(k / PERIOD) * PERIOD;
  switch (k % PERIOD) {
    case 0:
      return { kind: 'snapshot', name: `s${k}` };
    case 21:
      return { kind: 'restore', name: `s${before}` };
    case 33:
      return { kind: 'delete', name: `s${before}` };
    case 11:
    case 27:
      return { kind: 'trim', block: Math.abs(blockOf(k, 0)) };
    default: {
      // Small groups go through the journal, large ones straight to their place.
      const count = k % 5 === 3 ? 24 : 1 + (k % 3);
      const first = Math.abs(blockOf(k, 0));
      const blocks = Array.from({ length: count }, (_, index) =>
        count > 3 ? (first + index) % BLOCKS : Math.abs(blockOf(k, index)),
      );
      return { kind: 'write', blocks: [...new Set(blocks)] };
    }
  }
}

export const isSameModel = (a: VolumeModel, b: VolumeModel): boolean => keyOf(a) === keyOf(b);

const keyOf = ({ origin, snapshots }: VolumeModel): string =>
  JSON.stringify([origin, Object.entries(snapshots).sort()]);

/** Each block's number, of the volume and of its snapshots by name. */
export interface VolumeModel {
  readonly origin: readonly number[];
  readonly snapshots: Readonly<Record<string, readonly number[]>>;
}

/** Tabs that share a volume: each has blocks and snapshots of its own. */
export const LANES = 3;
export const SHARED_OPTIONS = {
  ...VOLUME_OPTIONS,
  sizeBytes: LANES * VOLUME_OPTIONS.sizeBytes,
} as const;

/** What the tab of a lane goes through. A restore would be everybody's. */
export function laneStep(lane: number, k: number): VolumeStep {
  const step = volumeStep(k);
  if (step.kind === 'restore') return { kind: 'write', blocks: [k % BLOCKS] };
  return 'name' in step ? { ...step, name: `${lane}-${step.name}` } : step;
}

/** Of its blocks alone, in the volume and in the lane's own snapshots. */
export const laneAfter = (lane: number, k: number): VolumeModel =>
  modelAfter(k, (at) => laneStep(lane, at));

/** What is there after steps 0 to `k`, both included. */
export function modelAfter(k: number, stepAt = volumeStep): VolumeModel {
  let origin: number[] = new Array<number>(BLOCKS).fill(0);
  const snapshots: Record<string, readonly number[]> = {};
  for (let at = 0; at <= k; at++) {
    const step = stepAt(at);
    if (step.kind === 'write') for (const block of step.blocks) origin[block] = at;
    else if (step.kind === 'trim') origin[step.block] = 0;
    else if (step.kind === 'snapshot') snapshots[step.name] = [...origin];
    else if (step.kind === 'restore') origin = [...snapshots[step.name]!];
    else delete snapshots[step.name];
  }
  return { origin, snapshots };
}
