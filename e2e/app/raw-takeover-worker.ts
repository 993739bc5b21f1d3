/**
 * Waits for the lock, opens the file, reads {@link SIZE_BYTES} of it, writes and flushes once: what any
 * takeover has to do. All that can be had before is had before: handles of folder and file.
 */

export type RawTakeoverStep = 'lock' | 'file' | 'read' | 'flushed';

const SIZE_BYTES = 4 * 2 ** 20;
const RECORD_BYTES = 100;
const EVERY_MS = 5;

const done = (step: RawTakeoverStep): void =>
  postMessage({ step, atMs: performance.timeOrigin + performance.now() });

async function follow(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle('raw-takeover', { create: true });
  await navigator.locks.request('raw-takeover', async () => {
    done('lock');
    lead(await opened(file));
    await new Promise(() => undefined);
  });
}

/** Its dead owner may hold it for a while longer. */
async function opened(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  for (;;) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      if ((error as Error).name !== 'NoModificationAllowedError') throw error;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }
}

function lead(handle: FileSystemSyncAccessHandle): void {
  done('file');
  const bytes = new Uint8Array(SIZE_BYTES);
  const record = bytes.subarray(0, RECORD_BYTES);
  const append = (): void => {
    handle.write(record, { at: 0 });
    handle.flush();
  };
  if (handle.getSize() === 0) handle.write(bytes, { at: 0 });
  else handle.read(bytes, { at: 0 });
  done('read');
  append();
  done('flushed');
  setInterval(append, EVERY_MS);
}

void follow();
