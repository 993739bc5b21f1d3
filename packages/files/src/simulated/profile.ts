/**
 * What a crash may do to bytes that no flush settled; one row per kind of crash or disk.
 */

export type Profile =
  | 'tab-kill'
  | 'os'
  | 'power'
  | 'power-no-psow'
  | 'lying-flush'
  | 'fsync-fail-keep'
  | 'fsync-fail-revert'
  | 'fsync-fail-late';

export interface ProfileRules {
  /** `process`: what was written stays in the page cache, the last write is cut to a prefix. */
  readonly crash: 'process' | 'machine';
  /** What persists or not as a whole: pages for a kernel that dies, sectors for a device that loses power. */
  readonly atomBytes: number;
  /** Whether an interrupted write may leave garbage in the whole atom, neighbours included. */
  readonly garbage: boolean;
  readonly flushLies: boolean;
  /**
   * What a failing flush leaves behind: `keep`: the cache keeps the new bytes and takes them for
   * clean; `revert`: reads show the disk again; `late`: that flush says nothing and the next one throws.
   */
  readonly failedFlush: 'keep' | 'revert' | 'late';
}

const POWER: ProfileRules = {
  crash: 'machine',
  atomBytes: 512,
  garbage: false,
  flushLies: false,
  failedFlush: 'keep',
};

export const PROFILES: Readonly<Record<Profile, ProfileRules>> = {
  'tab-kill': { ...POWER, crash: 'process' },
  os: { ...POWER, atomBytes: 4096 },
  power: POWER,
  'power-no-psow': { ...POWER, atomBytes: 4096, garbage: true },
  'lying-flush': { ...POWER, flushLies: true },
  'fsync-fail-keep': POWER,
  'fsync-fail-revert': { ...POWER, failedFlush: 'revert' },
  'fsync-fail-late': { ...POWER, failedFlush: 'late' },
};
