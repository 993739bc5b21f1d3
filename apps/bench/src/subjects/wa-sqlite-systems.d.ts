/** The two file systems of wa-sqlite that its own declarations leave out. */
declare module '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js' {
  import type { FileSystem } from './wa-sqlite.ts';
  export const AccessHandlePoolVFS: FileSystem;
}

declare module '@journeyapps/wa-sqlite/src/examples/OPFSWriteAheadVFS.js' {
  import type { FileSystem } from './wa-sqlite.ts';
  export const OPFSWriteAheadVFS: FileSystem;
}
