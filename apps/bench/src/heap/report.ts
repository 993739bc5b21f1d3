/** `npm run bench -- --heap`: what each path allocates in the steady state, by function. */
import { known } from '../options.ts';
import { steadyAllocationsOf, totalBytes, type Allocation } from './allocations.ts';
import { heapPaths, type HeapPath } from './paths.ts';

const RECORDS = 200_000;
/** One at a time as many would take long, and a call is a record. */
const CALLS_MAX = 20_000;
const LOOKS = 4;
/** Functions with less than this part of a path's bytes are summed up. */
const SHOWN_SHARE = 0.01;

export interface PathHeap {
  readonly path: HeapPath;
  readonly calls: number;
  readonly allocations: readonly Allocation[];
  readonly bytesPerCall: number;
  readonly bytesPerRecord: number;
}

/** After a warm-up, the least of several looks. */
export async function heapOf(path: HeapPath, looks = LOOKS, records = RECORDS): Promise<PathHeap> {
  const calls = Math.max(1, Math.min(CALLS_MAX, records / path.recordsPerCall));
  const opened = await path.open();
  try {
    await opened.run(calls);
    const allocations = await steadyAllocationsOf(looks, () => opened.run(calls));
    const bytesPerCall = totalBytes(allocations) / calls;
    const bytesPerRecord = bytesPerCall / path.recordsPerCall;
    return { path, calls, allocations, bytesPerCall, bytesPerRecord };
  } finally {
    await opened.close();
  }
}

export async function reportHeap(only: readonly string[] | undefined): Promise<void> {
  for (const name of only ?? [])
    known(
      name,
      heapPaths.map(({ id }) => id),
      'path',
    );
  for (const path of heapPaths) {
    if (only === undefined || only.includes(path.id)) console.log(heapTable(await heapOf(path)));
  }
}

function heapTable({ path, calls, allocations, bytesPerCall, bytesPerRecord }: PathHeap): string {
  const line = (bytes: number, text: string): string =>
    `${(bytes / calls).toFixed(0).padStart(12)} ${(bytes / calls / path.recordsPerCall).toFixed(2).padStart(12)}  ${text}`;
  const least = SHOWN_SHARE * bytesPerCall * calls;
  const shown = allocations.filter(({ bytes }) => bytes >= least);
  const rest = totalBytes(allocations) - totalBytes(shown);
  return [
    '',
    `${path.id}: ${path.title} (${calls} calls of ${path.recordsPerCall})`,
    ' bytes a call     a record  function',
    ...shown.map(({ bytes, name, file }) => line(bytes, `${name} ${file}`)),
    line(rest, 'all others'),
    `${bytesPerCall.toFixed(0).padStart(12)} ${bytesPerRecord.toFixed(2).padStart(12)}  in all`,
  ].join('\n');
}
