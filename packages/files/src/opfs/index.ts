/**
 * A host over the origin private file system, for dedicated workers.
 */
import type { Host } from '../host.ts';
import { createFolderlessHost } from './folderless.ts';
import { IdbWitness } from './idb-witness.ts';
import { OpfsDirectory } from './opfs-directory.ts';
import { closings } from './opfs-file.ts';

export { storageAsks, type StoragePart } from './probe.ts';

export interface OpfsHostOptions {
  /** Folder in the origin's root that holds one folder per store; also names locks and the witness. */
  readonly rootName: string;
  /**
   * How long an open waits for a file that is still held, ms. The default, 3,000, outlasts the
   * slowest release known (2.0 s, a busy worker that was terminated).
   */
  readonly openWaitMs?: number;
}

/** Touches nothing before its first use, so it never fails by itself. */
export function createOpfsHost({ rootName, openWaitMs = 3_000 }: OpfsHostOptions): Host {
  return {
    ...createFolderlessHost(rootName),
    kind: 'opfs',
    root: new OpfsDirectory([rootName], openWaitMs),
    witness: new IdbWitness(rootName),
    closed: () => closings.over(),
    nudge: (folder, file) => nudge([rootName, folder], file),
  };
}

async function nudge(path: readonly string[], file: string): Promise<void> {
  try {
    let folder = await navigator.storage.getDirectory();
    for (const name of path) folder = await folder.getDirectoryHandle(name);
    const handle = await (await folder.getFileHandle(file)).createSyncAccessHandle();
    handle.close();
  } catch {
    // As expected.
  }
}
