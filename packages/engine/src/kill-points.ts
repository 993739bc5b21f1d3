/**
 * Files that stop the whole worker at a named point, so that a test can kill it exactly there.
 * Never part of what is shipped.
 *
 * - `journal:before-write`: nothing of this write is there
 * - `journal:written-not-flushed`: it is written; a power cut may still take it
 * - `journal:flushed-not-acked`: it is durable, and nobody was told
 */
import type { Directory, Host, SyncFile } from '@varve/files';

export type KillPoint =
  | 'journal:before-write'
  | 'journal:written-not-flushed'
  | 'journal:flushed-not-acked';

export interface Park {
  readonly point: KillPoint;
  /** Pass this many times first. */
  skip: number;
}

export function withKillPoints(host: Host, reach: (point: KillPoint) => void): Host {
  return { ...host, root: watchedDirectory(host.root, reach) };
}

function watchedDirectory(directory: Directory, reach: (point: KillPoint) => void): Directory {
  return {
    openFile: async (name, options) => {
      const file = await directory.openFile(name, options);
      return name === 'journal' ? watchedFile(file, reach) : file;
    },
    hasFile: (name) => directory.hasFile(name),
    removeFile: (name) => directory.removeFile(name),
    directory: async (name, options) => {
      const child = await directory.directory(name, options);
      return child && watchedDirectory(child, reach);
    },
    removeDirectory: (name) => directory.removeDirectory(name),
    list: () => directory.list(),
  };
}

function watchedFile(file: SyncFile, reach: (point: KillPoint) => void): SyncFile {
  let isWritten = false;
  return {
    read: (buffer, options) => file.read(buffer, options),
    write(buffer, options) {
      reach('journal:before-write');
      const count = file.write(buffer, options);
      isWritten = true;
      return count;
    },
    truncate: (size) => file.truncate(size),
    getSize: () => file.getSize(),
    flush() {
      if (isWritten) reach('journal:written-not-flushed');
      file.flush();
      if (isWritten) reach('journal:flushed-not-acked');
      isWritten = false;
    },
    close: () => file.close(),
  };
}

/** Blocks this thread for good. Shared memory comes from WebAssembly: pages that are not isolated have no other. */
export function parkForever(): never {
  const { buffer } = new WebAssembly.Memory({ shared: true, initial: 1, maximum: 1 });
  const cell = new Int32Array(buffer);
  for (;;) Atomics.wait(cell, 0, 0);
}
