/**
 * A host for contexts that cannot open a file and can read one: service workers, pages.
 *
 * Always true: every read asks for the file anew. What was once got may speak of the file as it was
 * then, and browsers differ in what they do when it has changed.
 */
import type { ViewingHost } from '../host.ts';
import type { FileView } from '../port.ts';
import { checkPlainName } from '../plain-name.ts';
import { faultOf } from '../fault.ts';
import { createFolderlessHost } from './folderless.ts';
import { IdbWitness } from './idb-witness.ts';

const READS_MAX = 10;

/** Touches nothing before its first use, so it never fails by itself. */
export function createViewingHost(rootName: string): ViewingHost {
  return {
    ...createFolderlessHost(rootName),
    witness: new IdbWitness(rootName),
    async isFree(name) {
      const { held = [] } = await navigator.locks.query();
      return !held.some((lock) => lock.name === `${rootName}/${name}`);
    },
    view: (folder, file) => view([rootName, folder], file),
  };
}

/**
 * Chromium refuses to read on in a file that was written since it was got, if it notices: so it is got
 * again.
 */
async function unlessChanged<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      const isChanged = error instanceof DOMException && error.name === 'NotReadableError';
      if (!isChanged || attempt === READS_MAX) throw error;
    }
  }
}

async function view(path: readonly string[], name: string): Promise<FileView | undefined> {
  checkPlainName(name);
  try {
    let folder = await navigator.storage.getDirectory();
    for (const each of path) folder = await folder.getDirectoryHandle(each);
    const handle = await folder.getFileHandle(name);
    return {
      getSize: async () => (await handle.getFile()).size,
      read: (at, length) =>
        unlessChanged(async () => {
          const file = await handle.getFile();
          return new Uint8Array(await file.slice(at, at + length).arrayBuffer());
        }),
    };
  } catch (error) {
    if (faultOf(error) === 'not-found') return undefined;
    throw error;
  }
}
