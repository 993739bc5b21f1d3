/**
 * How many bytes a raw subject writes: as many as a log of frames must (a header a batch, a few
 * bytes a record, docs/FORMAT.md), so that a ratio to it speaks of time alone.
 */
const BATCH_BYTES = 80;
const RECORD_BYTES = 4;
const ALIGNMENT_BYTES = 16;

/** What lies between the starts of two records of that size, in one batch. */
export const recordStep = (recordBytes: number): number => recordBytes + RECORD_BYTES;

export function batchBytes(records: readonly Uint8Array[]): number {
  let bytes = BATCH_BYTES;
  for (const record of records) bytes += recordStep(record.length);
  return (bytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
}

export function appendBytes(record: Uint8Array): number {
  return (BATCH_BYTES + recordStep(record.length) + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
}

/** Where a raw subject begins again. */
export const RAW_FILE_BYTES = 64 << 20;
