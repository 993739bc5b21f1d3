export type {
  StoreOptions,
  StorePort,
  AppendRequest,
  Appended,
  Chunk,
  ChunkRun,
  ClientStamp,
  ReaderHold,
  ReadRequest,
  UnitWriter,
} from './store-port.ts';
export { DEFAULT_OPTIONS, storeOptions } from './options.ts';
export { openStore } from './open-store.ts';
export { readPiece } from './read-piece.ts';
export { Store } from './store.ts';
export { deleteStore, importStore, listStores, type StoreEntry } from './stores.ts';
export { dumpPosition, parsePosition, type PositionToken } from './position.ts';
export { folderOf, JOURNAL_FILE, nameOf } from './store-files.ts';
export * from './format.ts';
