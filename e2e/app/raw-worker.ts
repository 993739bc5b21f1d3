/** The raw log's worker: one message, one write, one flush, one answer. */
import { encodeBatch, scan, type RawFrame } from './raw-log.ts';

export type RawRequest =
  | { readonly kind: 'open'; readonly store: string }
  | { readonly kind: 'append'; readonly parts: Uint8Array[] }
  | { readonly kind: 'close' };

export interface RawOpened {
  readonly frames: readonly RawFrame[];
  readonly tornBytes: number;
}

export type RawAnswer =
  | { readonly id: number; readonly value: number | RawOpened }
  | { readonly id: number; readonly failed: string };

/** How it is broken stands in its name. */
const broken = self.name;

let handle: FileSystemSyncAccessHandle | undefined;
let endOffset = 0;
let nextLsn = 1;

async function open(store: string): Promise<RawOpened> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(store, { create: true });
  const file = await folder.getFileHandle('journal', { create: true });
  handle = await file.createSyncAccessHandle();
  const image = new Uint8Array(handle.getSize());
  handle.read(image, { at: 0 });
  const found = scan(image, broken !== 'no-checksums');
  endOffset = found.endOffset;
  nextLsn = found.frames.length + 1;
  // A shorter write after a torn one must not leave the torn one's end behind it.
  handle.truncate(endOffset);
  handle.flush();
  return { frames: found.frames, tornBytes: found.tornBytes };
}

function write(file: FileSystemSyncAccessHandle, bytes: Uint8Array, at: number): void {
  const written = file.write(bytes, { at });
  if (written !== bytes.length) throw new Error(`short write: ${written} of ${bytes.length}`);
}

function append(parts: Uint8Array[]): number {
  if (handle === undefined) throw new Error('not open');
  const file = handle;
  const firstLsn = nextLsn;
  const bytes = encodeBatch(parts, firstLsn);
  const at = endOffset;
  endOffset += bytes.length;
  nextLsn += parts.length;
  if (broken === 'ack-before-write') {
    setTimeout(() => write(file, bytes, at), 30);
    return firstLsn;
  }
  write(file, bytes, at);
  if (broken !== 'never-flush') file.flush();
  return firstLsn;
}

self.onmessage = async ({ data }: MessageEvent<RawRequest & { id: number }>) => {
  try {
    let value: number | RawOpened = 0;
    if (data.kind === 'open') value = await open(data.store);
    else if (data.kind === 'append') value = append(data.parts);
    else handle?.close();
    self.postMessage({ id: data.id, value } satisfies RawAnswer);
  } catch (error) {
    self.postMessage({ id: data.id, failed: String(error) } satisfies RawAnswer);
  }
};
