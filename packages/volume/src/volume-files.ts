/**
 * The two files beside the journal: `data`, the chunk pool, and `meta`, the metadata blocks.
 *
 * Always true:
 * - every transfer moves every byte, or throws
 * - what was written to a file since its last flush is counted: a flush that is not needed costs nothing
 */
import { faultOf, type SyncFile } from '@varve/files';
import { VarveError } from '@varve/protocol';

export interface Extent {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Once one write has so many bytes, nothing more is joined to it. */
export const TRANSFER_BYTES_MAX = 1_048_576;

export class VolumeFiles {
  dataWrittenBytes = 0;
  metaWrittenBytes = 0;
  dataFlushes = 0;
  metaFlushes = 0;
  private readonly data: SyncFile;
  private readonly meta: SyncFile;
  private dataIsDirty = true;
  private metaIsDirty = true;

  constructor(data: SyncFile, meta: SyncFile) {
    this.data = data;
    this.meta = meta;
  }

  readData(into: Uint8Array, at: number): void {
    readExactly(this.data, into, at, 'data');
  }

  readMeta(into: Uint8Array, at: number): void {
    readExactly(this.meta, into, at, 'meta');
  }

  /** Extents in ascending order; those that touch go out together. */
  writeData(extents: readonly Extent[]): void {
    if (extents.length > 0) this.dataIsDirty = true;
    this.dataWrittenBytes += writeJoined(this.data, extents, 'data');
  }

  writeMeta(extents: readonly Extent[]): void {
    if (extents.length > 0) this.metaIsDirty = true;
    this.metaWrittenBytes += writeJoined(this.meta, extents, 'meta');
  }

  flushData(): void {
    if (!this.dataIsDirty) return;
    flushFile(this.data, 'data');
    this.dataIsDirty = false;
    this.dataFlushes++;
  }

  flushMeta(): void {
    if (!this.metaIsDirty) return;
    flushFile(this.meta, 'meta');
    this.metaIsDirty = false;
    this.metaFlushes++;
  }

  close(): void {
    this.data.close();
    this.meta.close();
  }
}

function flushFile(file: SyncFile, name: string): void {
  try {
    file.flush();
  } catch (cause) {
    throw failedIo(cause, 'flushing', { file: name });
  }
}

function readExactly(file: SyncFile, into: Uint8Array, at: number, name: string): void {
  let moved: number;
  try {
    moved = file.read(into, { at });
  } catch (cause) {
    throw failedIo(cause, 'reading', { file: name, at, bytes: into.length });
  }
  if (moved === into.length) return;
  if (at + moved < sizeOf(file)) {
    throw new VarveError('IO_ERROR', `reading the volume’s ${name} came back short`, {
      facts: { file: name, at, bytes: into.length, moved },
    });
  }
  // Where a file ends before what is referred to, the rest was lost: checksums will say so.
  into.fill(0, moved);
}

function sizeOf(file: SyncFile): number {
  try {
    return file.getSize();
  } catch (cause) {
    throw failedIo(cause, 'measuring', {});
  }
}

function writeJoined(file: SyncFile, extents: readonly Extent[], name: string): number {
  let written = 0;
  for (let from = 0; from < extents.length;) {
    let to = from + 1;
    let bytes = extents[from]!.bytes.length;
    while (to < extents.length && bytes < TRANSFER_BYTES_MAX) {
      const next = extents[to]!;
      if (next.at !== extents[from]!.at + bytes) break;
      bytes += next.bytes.length;
      to++;
    }
    writeExactly(file, joined(extents, from, to, bytes), extents[from]!.at, name);
    written += bytes;
    from = to;
  }
  return written;
}

function joined(extents: readonly Extent[], from: number, to: number, length: number): Uint8Array {
  if (to === from + 1) return extents[from]!.bytes;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let index = from; index < to; index++) {
    bytes.set(extents[index]!.bytes, at);
    at += extents[index]!.bytes.length;
  }
  return bytes;
}

function writeExactly(file: SyncFile, bytes: Uint8Array, at: number, name: string): void {
  const facts = { file: name, at, bytes: bytes.length };
  let moved: number;
  try {
    moved = file.write(bytes, { at });
  } catch (cause) {
    throw failedIo(cause, 'writing', facts);
  }
  if (moved !== bytes.length) {
    throw new VarveError('IO_ERROR', `writing the volume’s ${name} came back short`, {
      facts: { ...facts, moved },
    });
  }
}

/** A platform's error as ours: no space has a code of its own. */
export function failedIo(
  cause: unknown,
  doing: string,
  facts: Record<string, number | string>,
): VarveError {
  if (cause instanceof VarveError) return cause;
  const fault = faultOf(cause);
  return new VarveError(
    fault === 'no-space' ? 'QUOTA_EXCEEDED' : 'IO_ERROR',
    `${doing} the volume’s files failed`,
    { facts: { ...facts, fault }, cause },
  );
}
