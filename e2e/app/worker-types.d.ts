/** TypeScript has these only in its worker library, which cannot be mixed with the DOM's. */
interface FileSystemSyncAccessHandle {
  read(buffer: ArrayBuffer | ArrayBufferView, options?: { at?: number }): number;
  write(buffer: ArrayBuffer | ArrayBufferView, options?: { at?: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface FileSystemFileHandle {
  createSyncAccessHandle(options?: { mode?: string }): Promise<FileSystemSyncAccessHandle>;
}

type WorkerNavigator = Navigator;
