/** What a store says about itself: the facts an application or an operator would ask for. */

export type Durability = 'strict' | 'relaxed';

/** Which crashes an acknowledged record survives now (docs/SAFETY.md has the table). */
export type SurvivalClass = 'none' | 'tab' | 'os' | 'power';

export interface DamageRange {
  /** First and last LSN that cannot be read. */
  readonly from: number;
  readonly to: number;
  /** What proved that these records had been flushed. */
  readonly proof: 'batch' | 'superblock' | 'witness' | 'segment' | 'read';
}

export interface TailUncertain {
  /** First LSN of which a single copy cannot say whether it was ever acknowledged. */
  readonly from: number;
  /** What stood after the last good batch: nothing but zeros, or other bytes. */
  readonly evidence: 'zeros' | 'bytes';
}

/** What opening found and did. */
export interface RecoveryReport {
  /** Names of the rows of the recovery tables that applied (docs/FORMAT.md §Recovery). */
  readonly rows: readonly string[];
  /** The store was closed properly before. */
  readonly clean: boolean;
  readonly generation: number;
  /** Last LSN that counts. */
  readonly lastLsn: number;
  /** Bytes looked at from `scanStart` on. */
  readonly scannedBytes: number;
  readonly durationMs: number;
  /** Records written again because nothing proved that they had been flushed. */
  readonly rewrittenRecords: number;
  /** Bytes past the cut that looked like a torn write; kept in place until overwritten. */
  readonly tornBytes: number;
  readonly tailUncertain: TailUncertain | null;
  readonly damage: readonly DamageRange[];
  /** Superblock places (0, 1) that did not verify. */
  readonly invalidSuperblocks: readonly number[];
}

export interface QueueStatus {
  readonly waitingAppends: number;
  readonly waitingBytes: number;
  /** How often an append had to wait because the queue was past its high-water mark. */
  readonly stalls: number;
}

export interface CommitStatus {
  readonly groups: number;
  readonly records: number;
  readonly flushes: number;
  /** Records in the last group. */
  readonly lastGroupRecords: number;
  /** Duration of the last flush, ms. */
  readonly lastFlushMs: number;
}

export interface StoreStatus {
  readonly name: string;
  /** Where the bytes are. `memory` only when it was asked for. */
  readonly mode: 'opfs' | 'node' | 'memory' | 'simulated';
  readonly role: 'leader' | 'follower';
  /** A follower's way to the leader: a port of their own (`varve/ports`), or `BroadcastChannel`. */
  readonly link?: 'port' | 'channel';
  readonly state: 'open' | 'read-only' | 'reopening' | 'poisoned' | 'lost' | 'closed';
  readonly seedId: string;
  readonly lineageId: string;
  readonly generation: number;
  readonly formatVersion: number;
  readonly survives: SurvivalClass;
  /** First LSN still there. */
  readonly firstLsn: number;
  /** Last LSN given out. */
  readonly lastLsn: number;
  /** Everything up to here survives a crash. */
  readonly durableLsn: number;
  /** What the last checkpoint's state stands for; 0 = none. */
  readonly coveredLsn: number;
  /** History below this LSN may go. */
  readonly lowWater: number;
  readonly segmentSizeBytes: number;
  readonly segments: { readonly live: number; readonly spare: number; readonly total: number };
  /** Size of the journal file, bytes. */
  readonly fileBytes: number;
  /** Bytes that the next open would scan. */
  readonly bytesSinceScanStart: number;
  readonly queue: QueueStatus;
  readonly commits: CommitStatus;
  readonly openUnits: number;
  readonly holders: number;
  readonly recovery: RecoveryReport;
  readonly damage: readonly DamageRange[];
  /** Null when the store may only be read. */
  readonly scrub: ScrubStatus | null;
}

/** What the browser says of the origin's storage; null where it does not say. */
export interface StorageFacts {
  /** Whether it promised not to evict this origin. */
  readonly persisted: boolean | null;
  /** Its estimate for the origin, bytes. */
  readonly quota: { readonly usageBytes: number; readonly quotaBytes: number } | null;
}

/** The verification of the whole log in idle time. */
export interface ScrubStatus {
  /** LSN up to which the pass that is under way has come; null: none is. */
  readonly position: number | null;
  /** Wall clock, ms since 1970, of the end of the last whole pass; 0: there was none. */
  readonly lastCompletedAtMs: number;
  /** In this pass, or the last one, since the store was opened. */
  readonly bytesVerified: number;
  /** Records that it found damaged; each is told by a `damage` event, too. */
  readonly damage: readonly DamageRange[];
  /** Damaged places that cost no record: marks, control records, headers, superblocks. */
  readonly harmlessDamage: number;
}

/** Everything that a store tells without being asked. */
export type StoreEvent =
  | { readonly type: 'recovered'; readonly report: RecoveryReport }
  | { readonly type: 'durable'; readonly lsn: number }
  | { readonly type: 'checkpointed'; readonly coveredLsn: number }
  | { readonly type: 'trimmed'; readonly firstLsn: number }
  | { readonly type: 'quota'; readonly message: string }
  | { readonly type: 'damage'; readonly range: DamageRange }
  | {
      /** A write or flush failed: the generation ended. `reopened` follows unless the store stays closed. */
      readonly type: 'poisoned';
      readonly message: string;
      readonly generation: number;
    }
  | { readonly type: 'reopened'; readonly report: RecoveryReport }
  | {
      /** The files vanished under the open store: these acknowledgements may be void. */
      readonly type: 'lost';
      readonly from: number;
      readonly to: number;
    }
  | { readonly type: 'role'; readonly role: 'leader' | 'follower' }
  | {
      /** Appends that had waited in the inbox were taken out: so many are in the log now. */
      readonly type: 'inbox';
      readonly appended: number;
      /** Error codes of those that can never be appended, or of which nobody knows whether they were. */
      readonly dropped: readonly string[];
    }
  | { readonly type: 'closed' };

/** What the inspector and `varve inspect` draw. Sizes and offsets in bytes. */
export interface StoreLayout {
  readonly fileBytes: number;
  readonly superblocks: readonly {
    readonly place: 0 | 1;
    readonly valid: boolean;
    readonly sequence: number;
    readonly generation: number;
    readonly clean: boolean;
    readonly durableLsn: number;
    readonly coveredLsn: number;
    readonly lowWater: number;
  }[];
  readonly segmentSizeBytes: number;
  readonly slots: readonly {
    readonly slot: number;
    readonly state: 'tail' | 'sealed' | 'spare' | 'damaged';
    readonly segment: number;
    readonly generation: number;
    readonly firstLsn: number;
    readonly lastLsn: number;
    /** Bytes used, header included. */
    readonly usedBytes: number;
  }[];
  readonly scanStart: { readonly segment: number; readonly offset: number };
}

/** One batch, for drawing a segment from inside. */
export interface BatchLayout {
  readonly offset: number;
  readonly bytes: number;
  readonly generation: number;
  readonly kind: 'records' | 'control' | 'fragment' | 'mark';
  readonly firstLsn: number;
  readonly count: number;
  readonly durableLsn: number;
  readonly wallTimeMs: number;
}
