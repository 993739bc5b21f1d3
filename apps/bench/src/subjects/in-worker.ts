/** Subjects whose caller is a worker. Each runs in a worker of its own. */
import type { Subject } from '../subject.ts';
import { rawNull, rawWorker } from './raw.ts';
import { sqliteDelete, sqlitePacked, sqliteWal, sqliteWalNormal } from './sqlite.ts';
import { pglite } from './pglite.ts';
import { varveNull, varveWorker } from './varve-worker.ts';
import { waSqlitePool, waSqliteWriteAhead } from './wa-sqlite.ts';

export const inWorker: readonly Subject[] = [
  rawWorker,
  varveWorker,
  rawNull,
  varveNull,
  sqliteWal,
  sqlitePacked,
  sqliteWalNormal,
  sqliteDelete,
  waSqlitePool,
  waSqliteWriteAhead,
  pglite,
];
