/**
 * Files that break a promise, for workers that must fail the crash lane. Never part of a package.
 *
 * - `ack-before-write`: a write that would carry records says "done" and reaches the file
 *   {@link LATE_MS} later; every read sees it at once, as if it were there
 * - `never-flush`: the flush does nothing (no kill can tell: see `raw-subject.ts`)
 */
const LATE_MS = 40;

interface LateWrite {
  readonly bytes: Uint8Array;
  readonly at: number;
}

export function breakFiles(broken: string): void {
  if (broken !== 'ack-before-write' && broken !== 'never-flush') return;
  const original = FileSystemFileHandle.prototype.createSyncAccessHandle;
  FileSystemFileHandle.prototype.createSyncAccessHandle = async function (
    this: FileSystemFileHandle,
    ...options: Parameters<typeof original>
  ): Promise<FileSystemSyncAccessHandle> {
    const handle = await original.apply(this, options);
    if (broken === 'never-flush') handle.flush = () => undefined;
    else if (this.name === 'journal') delayWrites(handle);
    return handle;
  };
}

/** Superblocks and the zeroing of space are written at once, after whatever is late: order is kept. */
const SLOTS_START_BYTES = 128 * 1024;

function delayWrites(handle: FileSystemSyncAccessHandle): void {
  const write = handle.write.bind(handle);
  const read = handle.read.bind(handle);
  const close = handle.close.bind(handle);
  const late: LateWrite[] = [];
  const catchUp = (count = late.length): void => {
    for (const { bytes, at } of late.splice(0, count)) write(bytes, { at });
  };
  handle.write = (buffer, options): number => {
    const view = buffer as ArrayBufferView;
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
    const at = options?.at ?? 0;
    const carriesRecords =
      at >= SLOTS_START_BYTES &&
      at + bytes.length <= handle.getSize() &&
      bytes.subarray(0, 16).some((byte) => byte !== 0);
    if (!carriesRecords) {
      catchUp();
      return write(bytes, { at });
    }
    const own: LateWrite = { bytes, at };
    late.push(own);
    // Up to this one, if nothing else took it along.
    setTimeout(() => catchUp(late.indexOf(own) + 1), LATE_MS);
    return bytes.length;
  };
  handle.read = (buffer, options): number => {
    const length = read(buffer, options);
    const { buffer: whole, byteOffset } = buffer as ArrayBufferView;
    const from = options?.at ?? 0;
    for (const { bytes, at } of late) {
      const start = Math.max(from, at);
      const end = Math.min(from + length, at + bytes.length);
      if (start >= end) continue;
      const seen = new Uint8Array(whole, byteOffset + start - from, end - start);
      seen.set(bytes.subarray(start - at, end - at));
    }
    return length;
  };
  handle.close = (): void => {
    catchUp();
    close();
  };
}
