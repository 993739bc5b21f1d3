/** `status()` of a store, put together from those who own the facts. */
import type { StoreStatus, SurvivalClass } from '@varve/protocol';
import type { CommitQueue } from './commit-queue.ts';
import { FORMAT_VERSION } from './format.ts';
import { hex } from './store-files.ts';
import type { StoreLife } from './store-life.ts';

/** A name this young may not have reached the disk: no API says when it has. */
const NAME_SETTLES_MS = 60_000;

export function statusOf(life: StoreLife, commits: CommitQueue): StoreStatus {
  const opened = life.opened!;
  const { recovered, journal } = opened;
  const { superblock, table, geometry } = recovered;
  const tail = journal?.tail;
  const lastLsn = tail?.lastLsn ?? opened.readOnly?.lastLsn ?? recovered.end.lastLsn;
  return {
    name: life.name,
    mode: life.host.kind,
    role: 'leader',
    state: life.state,
    seedId: hex(superblock.seedId),
    lineageId: hex(superblock.lineageId),
    generation: journal?.generation ?? superblock.generation,
    formatVersion: FORMAT_VERSION,
    survives: survivalClass(life),
    firstLsn: journal?.history.firstLsn ?? opened.readOnly?.firstLsn ?? 1,
    lastLsn,
    durableLsn: tail?.durableLsn ?? lastLsn,
    coveredLsn: journal?.coveredLsn ?? superblock.coveredLsn,
    lowWater: journal?.history.lowWater ?? superblock.lowWater,
    segmentSizeBytes: geometry.segmentBytes,
    segments: { live: table.liveCount, spare: table.spareCount, total: table.slotCount },
    fileBytes: fileBytes(life),
    bytesSinceScanStart: journal?.bytesSinceScanStart ?? recovered.scannedBytes,
    queue: {
      waitingAppends: commits.size,
      waitingBytes: tail?.unflushedBytes ?? 0,
      stalls: commits.stalls,
    },
    commits: {
      groups: commits.groups,
      records: commits.records,
      flushes: life.flushesBefore + (tail?.flushes ?? 0),
      lastGroupRecords: commits.lastGroupRecords,
      lastFlushMs: tail?.lastFlushMs ?? 0,
    },
    openUnits: journal?.units.size ?? 0,
    holders: journal?.history.holderCount ?? 0,
    recovery: life.report!,
    damage: [...life.damage],
    scrub: journal?.scrub.status ?? null,
  };
}

function fileBytes(life: StoreLife): number {
  const { file, recovered } = life.opened!;
  if (life.state === 'open' || life.state === 'read-only') return file.getSize();
  return recovered.table.slotCount * recovered.geometry.segmentBytes;
}

function survivalClass(life: StoreLife): SurvivalClass {
  const { host, opened, options } = life;
  if (host.kind === 'memory') return 'none';
  if (options.durability === 'relaxed') return 'tab';
  if (host.kind === 'node') return 'power';
  const since = opened?.witness?.liveSinceMs ?? 0;
  return host.clock.wallMs() - since < NAME_SETTLES_MS ? 'os' : 'power';
}
