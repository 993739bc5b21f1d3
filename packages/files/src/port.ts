/**
 * The file port: all that Varve asks of a platform's storage.
 *
 * Always true of every backend (the conformance suite in `./conformance` shows it):
 * - a file is opened by one holder at a time; a second open fails with fault `busy`
 * - `write` may be short and `read` may be short: both say how many bytes moved, and callers check
 * - only `flush` makes bytes durable; it says nothing of any other file, nor of names
 * - `close` does not flush
 */

/** Has the very shape of a browser's `FileSystemSyncAccessHandle`, so that one can be used as it is. */
export interface SyncFile {
  /** Reads into `buffer` from byte `at`; returns how many bytes were read (0 past the end). */
  read(buffer: Uint8Array, options: { at: number }): number;
  /** Writes `buffer` at byte `at`, growing the file if needed; returns how many bytes were written. */
  write(buffer: Uint8Array, options: { at: number }): number;
  /** Sets the file's size in bytes; new bytes read as zero. */
  truncate(size: number): void;
  /** Size in bytes. */
  getSize(): number;
  /** Makes every finished write of this file durable, or throws. After a throw nothing is known. */
  flush(): void;
  /** Gives the file back. Idempotent. Does not flush. */
  close(): void;
}

/**
 * A file that is only looked at, from where none can be opened. Others may be writing it meanwhile: what
 * is read in one go stood there at some moment of the call, byte by byte, and no two bytes at the same.
 */
export interface FileView {
  getSize(): Promise<number>;
  /** Bytes `[at, at + length)`; fewer where the file ends. */
  read(at: number, length: number): Promise<Uint8Array>;
}

/** A place of files and folders. Names are plain: 1 to 200 characters of `A–Z a–z 0–9 . _ - %`, not `.` or `..`. */
export interface Directory {
  /**
   * Opens a file exclusively.
   * @throws with fault `not-found` (absent, and `create` is false), `busy`, `denied`, `no-space` or `io`: see {@link faultOf}
   */
  openFile(name: string, options: { create: boolean }): Promise<SyncFile>;
  /** Whether the name resolves now. Never creates. */
  hasFile(name: string): Promise<boolean>;
  /** Removes a file; absent is fine. @throws with fault `busy` while it is open */
  removeFile(name: string): Promise<void>;
  /** The folder of that name, or undefined when it is absent and `create` is false. */
  directory(name: string, options: { create: boolean }): Promise<Directory | undefined>;
  /** Removes a folder with all that is in it; absent is fine. */
  removeDirectory(name: string): Promise<void>;
  /** Names in this folder, sorted. */
  list(): Promise<{ readonly name: string; readonly kind: 'file' | 'directory' }[]>;
}
