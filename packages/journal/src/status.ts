/** `status()` of a store, put together from those who own the facts. */
import type { StoreStatus, SurvivalClass } from '@varve/protocol';
import { FORMAT_VERSION } from './format.ts';
import type { Store } from './store.ts';
import { hex } from './store-files.ts';

/** A name this young may not have reached the disk: no API says when it has. */
const NAME_SETTLES_MS = 60_000;

export function statusOf(store: Store): StoreStatus {
  const opened = store.openedJournal!;
  const { recovered, journal } = opened;
  const { superblock, table, geometry } = recovered;
  const tail = journal?.tail;
  const lastLsn = tail?.lastLsn ?? opened.readOnly?.lastLsn ?? recovered.end.lastLsn;
  return {
    name: store.name,
    mode: store.host.kind,
    role: 'leader',
    state: store.state,
    seedId: hex(superblock.seedId),
    lineageId: hex(superblock.lineageId),
    generation: journal?.generation ?? superblock.generation,
    formatVersion: FORMAT_VERSION,
    survives: survivalClass(store),
    firstLsn: journal?.firstLsn ?? opened.readOnly?.firstLsn ?? 1,
    lastLsn,
    durableLsn: tail?.durableLsn ?? lastLsn,
    coveredLsn: journal?.coveredLsn ?? superblock.coveredLsn,
    lowWater: journal?.lowWater ?? superblock.lowWater,
    segmentSizeBytes: geometry.segmentBytes,
    segments: { live: table.liveCount, spare: table.spareCount, total: table.slotCount },
    fileBytes: fileBytes(store),
    bytesSinceScanStart: journal?.bytesSinceScanStart ?? recovered.scannedBytes,
    queue: {
      waitingAppends: store.commits.size,
      waitingBytes: tail?.unflushedBytes ?? 0,
      stalls: store.stalls,
    },
    commits: {
      groups: store.commits.groups,
      records: store.commits.records,
      flushes: store.flushesBefore + (tail?.flushes ?? 0),
      lastGroupRecords: store.commits.lastGroupRecords,
      lastFlushMs: tail?.lastFlushMs ?? 0,
    },
    openUnits: journal?.units.size ?? 0,
    holders: journal?.holderCount ?? 0,
    recovery: store.recoveryReport,
    damage: [...store.damage],
  };
}

function fileBytes(store: Store): number {
  const { file, recovered } = store.openedJournal!;
  if (store.state === 'open' || store.state === 'read-only') return file.getSize();
  return recovered.table.slotCount * recovered.geometry.segmentBytes;
}

function survivalClass(store: Store): SurvivalClass {
  const { host, openedJournal } = store;
  if (host.kind === 'memory') return 'none';
  if (store.options.durability === 'relaxed') return 'tab';
  if (host.kind === 'node') return 'power';
  const since = openedJournal?.witness?.liveSinceMs ?? 0;
  return host.clock.wallMs() - since < NAME_SETTLES_MS ? 'os' : 'power';
}
