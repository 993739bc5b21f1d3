/** A host whose files count their flushes: what a call costs the disk is counted, not assumed. */
import type { Directory, Host, SyncFile } from '@varve/files';

export interface CountingHost {
  readonly host: Host;
  /** Of all files together, so far. */
  flushes(): number;
}

export function countingHost(host: Host): CountingHost {
  let flushes = 0;
  const counted = (file: SyncFile): SyncFile => ({
    read: (buffer, options) => file.read(buffer, options),
    write: (buffer, options) => file.write(buffer, options),
    truncate: (size) => file.truncate(size),
    getSize: () => file.getSize(),
    flush() {
      flushes++;
      file.flush();
    },
    close: () => file.close(),
  });
  const within = (directory: Directory): Directory => ({
    openFile: async (name, options) => counted(await directory.openFile(name, options)),
    hasFile: (name) => directory.hasFile(name),
    removeFile: (name) => directory.removeFile(name),
    async directory(name, options) {
      const found = await directory.directory(name, options);
      return found && within(found);
    },
    removeDirectory: (name) => directory.removeDirectory(name),
    list: () => directory.list(),
  });
  return { host: { ...host, root: within(host.root) }, flushes: () => flushes };
}
