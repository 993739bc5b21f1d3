/** Subjects whose caller is the page. */
import type { Subject } from '../subject.ts';
import { behindMessage } from './behind-message.ts';
import { dexie } from './dexie.ts';
import { indexedDbPacked, indexedDbRelaxed, indexedDbStrict } from './indexeddb.ts';
import { localForageSubject } from './local-forage.ts';
import { rawNull, rawWorker } from './raw.ts';
import { sqliteWal } from './sqlite.ts';
import { behindTransport } from './transports.ts';
import {
  varvePage,
  varvePageNull,
  varvePageRelaxed,
  varvePageValues,
  varveRing,
  varveRingNull,
  varveRingRelaxed,
} from './varve-page.ts';

export const inPage: readonly Subject[] = [
  behindMessage('raw-page', 'raw write + flush behind a bare postMessage', rawWorker),
  varvePage,
  varvePageValues,
  varvePageRelaxed,
  varveRing,
  varveRingRelaxed,
  behindMessage('raw-null-page', 'a disk that does nothing behind a bare postMessage', rawNull),
  varvePageNull,
  varveRingNull,
  behindTransport('raw-recycled', 'raw behind recycled transfers', 'recycled', rawWorker),
  behindTransport('raw-ring', 'raw behind the ring', 'ring', rawWorker),
  behindTransport(
    'raw-null-recycled',
    'a disk that does nothing behind recycled transfers',
    'recycled',
    rawNull,
  ),
  behindTransport('raw-null-ring', 'a disk that does nothing behind the ring', 'ring', rawNull),
  indexedDbStrict,
  indexedDbRelaxed,
  indexedDbPacked,
  dexie,
  localForageSubject,
  behindMessage(
    'sqlite-wal-page',
    'SQLite WAL full, multi-row, behind a bare postMessage',
    sqliteWal,
  ),
];
