/** What bars ask of results. Each gives undefined when something was not measured. */
import { pairedRatio } from '../figures.ts';
import type { Result } from '../result.ts';
import type { Find } from './bar.ts';

export function ratioToRaw(result: Result | undefined): number | undefined {
  return result?.ratioToRaw ?? undefined;
}

/** How many times as fast `subject` is as `other`, in one work. */
export function faster(
  find: Find,
  work: string,
  subject: string,
  other: string,
): number | undefined {
  const one = find(subject, work);
  const two = find(other, work);
  if (one === undefined || two === undefined) return undefined;
  return pairedRatio(two.blocksUs, one.blocksUs);
}

/** How many times as long `subject` takes as `other`, in one work. */
export const slower = (
  find: Find,
  work: string,
  subject: string,
  other: string,
): number | undefined => faster(find, work, other, subject);

/** How many times the rate of `before` the rate of `after` is: two works, so medians. */
export function stepUp(after: Result | undefined, before: Result | undefined): number | undefined {
  if (after === undefined || before === undefined) return undefined;
  return after.ratePerSecond / before.ratePerSecond;
}

/** Bytes stored for each byte of payload. */
export function bytesPerByte(result: Result | undefined, recordBytes: number): number | undefined {
  if (result === undefined || result.storedBytes === null) return undefined;
  return result.storedBytes / (result.storedUnits * recordBytes);
}
