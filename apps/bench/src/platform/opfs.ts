/**
 * The origin private file system as the benchmark's workers use it.
 *
 * The declarations are what TypeScript's DOM types leave out because only workers have it.
 */
declare global {
  interface FileSystemSyncAccessHandle {
    read(buffer: Uint8Array, options: { at: number }): number;
    write(buffer: Uint8Array, options: { at: number }): number;
    truncate(size: number): void;
    getSize(): number;
    flush(): void;
    close(): void;
  }
  interface FileSystemFileHandle {
    createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
  }
  // Must be `var` to become a property of globalThis.
  var FileSystemSyncAccessHandle: { prototype: FileSystemSyncAccessHandle };
}

export async function openSyncHandle(name: string): Promise<FileSystemSyncAccessHandle> {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle(name, { create: true });
  return file.createSyncAccessHandle();
}

export async function removeEntry(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
  });
}
