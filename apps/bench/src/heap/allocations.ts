/**
 * What a piece of work allocates, by function: V8's sampling heap profiler, which counts what was
 * collected meanwhile, too.
 *
 * Always true: the bytes behind an ArrayBuffer lie outside of this heap and are not counted; the
 * object that stands for them is.
 */
import { Session } from 'node:inspector/promises';

export interface Allocation {
  readonly name: string;
  /** From the repository's root; empty: the engine itself. */
  readonly file: string;
  readonly bytes: number;
}

/** About every so many bytes a sample is taken: the figures are good to a few percent. */
const SAMPLING_BYTES = 256;

interface Node {
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly selfSize: number;
  readonly children: readonly Node[];
}

/** Everything that was allocated while `work` ran, largest first. */
export async function allocationsOf(work: () => Promise<void>): Promise<Allocation[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: SAMPLING_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await work();
    const { profile } = await session.post('HeapProfiler.stopSampling');
    return flat(profile.head);
  } finally {
    session.disconnect();
  }
}

/**
 * Of several looks at the same work the one that saw least: code that is not compiled yet allocates
 * for every number that is too large for a small integer, and what is compiled when is chance.
 */
export async function steadyAllocationsOf(
  looks: number,
  work: () => Promise<void>,
): Promise<Allocation[]> {
  let least: Allocation[] | undefined;
  for (let look = 0; look < looks; look++) {
    const seen = await allocationsOf(work);
    if (least === undefined || totalBytes(seen) < totalBytes(least)) least = seen;
  }
  return least ?? [];
}

export function totalBytes(allocations: readonly Allocation[]): number {
  return allocations.reduce((sum, { bytes }) => sum + bytes, 0);
}

function flat(root: Node): Allocation[] {
  const found = new Map<string, Allocation>();
  const visit = ({ callFrame, selfSize, children }: Node): void => {
    const name = callFrame.functionName || '(anonymous)';
    const file = callFrame.url.replace(/^.*\/(?=(?:packages|apps)\/)/, '').replace(/\?.*$/, '');
    const key = `${file} ${name}`;
    const bytes = (found.get(key)?.bytes ?? 0) + selfSize;
    if (bytes > 0) found.set(key, { name, file, bytes });
    for (const child of children) visit(child);
  };
  visit(root);
  return [...found.values()].sort((a, b) => b.bytes - a.bytes);
}
