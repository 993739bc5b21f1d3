/**
 * What damage to a store at rest must lead to.
 *
 * 1. What is served is what was written: never other bytes, nothing that was withdrawn.
 * 2. A record that is not served is named, or lies in the last flushed window (nothing whole proves
 *    that it had been flushed) and behind `tailUncertain`.
 * 3. `salvage()` and the ranges it calls missing make up the whole history, each LSN once.
 * 4. The state is the last checkpoint's, or CORRUPT; an earlier one's where the newest superblock is
 *    lost (and said to be) and the other one is stale: what was checkpointed since is replayed.
 * 5. What is noticed by nobody hit nothing that anybody needs.
 * 6. Nothing is written to a store that is damaged for certain; none is made anew.
 */
import {
  type DamageRange,
  isVarveError,
  newRecordFrame,
  readRecordFrame,
  RecordFlag,
} from '@varve/protocol';
import { openStore } from '../../src/index.ts';
import { equal } from '../oracle.ts';
import { describe, framesOf } from '../run.ts';
import { demand } from '../violation.ts';
import type { FlatFile, Wound } from './flat-file.ts';
import { type Golden, STORE } from './golden.ts';
import { type Opened, openedOf, openQuickly } from './opened.ts';

/**
 * - `reported`: records are missing, and named
 * - `tail-uncertain`: records of the last window are missing, and it says so
 * - `noticed`: nothing is missing; that something is wrong was said
 * - `slack`: no byte that has a use changed
 * - `unneeded`: what changed bears no record (a mark, an aborted stream), or stands there twice
 * - `harmless`: an old version that says less, and nothing is missing
 * - `refused`: neither superblock verifies; nothing was opened, nothing written
 */
export const FINDINGS = [
  'reported',
  'tail-uncertain',
  'noticed',
  'slack',
  'unneeded',
  'harmless',
  'refused',
] as const;
export type Finding = (typeof FINDINGS)[number];

/** What a kind of wound may leave unsaid. */
export interface Leave {
  /** An old version of a block is valid: where nothing is missing nothing need be said. */
  readonly mayBeStale: boolean;
  /** The store has been opened before, and what was wrong with its superblocks has been repaired. */
  readonly isRepaired?: boolean;
}

/** Opens the wounded bytes to be read, synchronously. @throws Violation */
export function judgeQuickly(
  golden: Golden,
  file: FlatFile,
  wounds: readonly Wound[],
  leave: Leave,
): Finding {
  file.wound(wounds);
  try {
    let opened: Opened;
    try {
      opened = openQuickly(file, golden.witnessDurableLsn);
    } catch (error) {
      return refused(error, golden, wounds);
    }
    return judgeOpened(golden, opened, wounds, leave);
  } finally {
    file.heal(wounds);
  }
}

/** Opens the wounded store as an application does, twice. @throws Violation */
export async function judgeWholly(
  golden: Golden,
  wounds: readonly Wound[],
  leave: Leave,
): Promise<Finding> {
  const { path, options } = golden;
  const disk = golden.disk.fork({ record: false });
  for (const { at, bytes } of wounds) disk.poke(path, bytes, at);
  const wounded = disk.peek(path);
  const unwritten = (): void =>
    demand(equal(disk.peek(path), wounded), 'I6', 'a damaged store was written to');
  try {
    const store = await openStore(disk.host(), STORE, options);
    const opened = openedOf(store);
    const finding = judgeOpened(golden, opened, wounds, leave);
    if (!opened.mayWrite) {
      const frames = framesOf([new Uint8Array(8)]);
      const error: unknown = await store.append({ frames }).catch((reason: unknown) => reason);
      demand(isVarveError(error, 'READ_ONLY'), 'I6', `appending gave ${describe(error)}`);
      await store.close();
      unwritten();
      return finding;
    }
    store.abandon();
    // It has written since: what was served once is still there, and what was missing still named.
    const again = await openStore(disk.host(), STORE, options);
    judgeOpened(golden, openedOf(again), wounds, {
      mayBeStale: true,
      isRepaired: leave.mayBeStale,
    });
    again.abandon();
    return finding;
  } catch (error) {
    const finding = refused(error, golden, wounds);
    unwritten();
    return finding;
  }
}

function refused(error: unknown, { uses }: Golden, wounds: readonly Wound[]): Finding {
  if (!isVarveError(error)) throw error;
  const hit = [...uses.touched(wounds)].filter(({ kind }) => kind === 'superblock');
  demand(error.code === 'CORRUPT', 'I6', `opening a damaged store gave ${describe(error)}`);
  demand(
    hit.length === 2,
    'I6',
    `a superblock is whole, and nothing can be opened: ${describe(error)}`,
  );
  return 'refused';
}

function judgeOpened(
  golden: Golden,
  opened: Opened,
  wounds: readonly Wound[],
  leave: Leave,
): Finding {
  const { uses, rows } = golden;
  const { served, named } = salvageOf(golden, opened);
  const stateIsWhole = readsState(golden, opened, leave);
  const { tailUncertain, damage, invalidSuperblocks } = opened.recovery;
  const reported = [...damage, ...opened.found, ...named];
  const touched = uses.touched(wounds);
  const provenLsn = Math.max(golden.witnessDurableLsn, uses.provenLsn(touched));
  let missing = 0;
  let lostInTail = 0;
  for (let lsn = golden.firstLsn; lsn <= golden.lastLsn; lsn++) {
    if (served.has(lsn)) continue;
    missing++;
    if (reported.some(({ from, to }) => from <= lsn && lsn <= to)) continue;
    lostInTail++;
    const uncertain = tailUncertain !== null && lsn >= tailUncertain.from && lsn > provenLsn;
    demand(
      uncertain,
      'I6',
      `record ${lsn} is gone and nobody says so: ${JSON.stringify({ provenLsn, recovery: shown(opened) })}`,
    );
  }
  if (missing > lostInTail) return 'reported';
  if (missing > 0) return 'tail-uncertain';
  const news = opened.recovery.rows.some((row) => isNews(row) && !rows.includes(row));
  const said = news || invalidSuperblocks.length > 0 || reported.length > 0 || !stateIsWhole;
  if (said || !opened.mayWrite) return 'noticed';
  if (touched.size === 0) return 'slack';
  if ([...touched].every((use) => uses.isSpare(use))) return 'unneeded';
  demand(leave.mayBeStale, 'I6', `nobody noticed that ${describeUses(touched)} changed`);
  return 'harmless';
}

/** Rows that say that something is wrong, and not only how the log ends. */
function isNews(row: string): boolean {
  return ['header-lost', 'next-lost', 'superblock-lost', 'harmless-damage', 'file-short'].includes(
    row,
  );
}

/** What is served, each record compared; and what is called missing. */
function salvageOf(
  golden: Golden,
  opened: Opened,
): { served: Set<number>; named: readonly DamageRange[] } {
  const served = new Set<number>();
  const named: DamageRange[] = [];
  const frame = newRecordFrame();
  let next = opened.firstLsn;
  demand(next <= golden.firstLsn, 'I6', `history begins at ${next}, not at ${golden.firstLsn}`);
  for (const piece of opened.salvage()) {
    if (!('runs' in piece)) {
      demand(piece.from === next, 'I6', `record ${next} is neither returned nor missing`);
      demand(piece.to >= piece.from, 'I6', `a missing range ends before it begins`);
      named.push(piece);
      next = piece.to + 1;
      continue;
    }
    for (const { firstLsn, count, start, end } of piece.runs) {
      demand(firstLsn === next, 'I6', `record ${next} is neither returned nor missing`);
      let at = start;
      for (let lsn = firstLsn; lsn < firstLsn + count; lsn++) {
        at = readRecordFrame(piece.bytes, at, end, frame);
        demand(at > 0, 'I6', `record ${lsn} is served malformed`);
        if (check(golden, opened, lsn, piece.bytes, frame)) served.add(lsn);
        else named.push({ from: lsn, to: lsn, proof: 'read' });
      }
      next = firstLsn + count;
    }
  }
  demand(next === opened.lastLsn + 1, 'I6', `salvage ends at ${next - 1} of ${opened.lastLsn}`);
  return { served, named };
}

/** Whether the record's payload is there; when it is, it must be the right one. */
function check(
  golden: Golden,
  opened: Opened,
  lsn: number,
  bytes: Uint8Array,
  frame: { flags: number; payloadStart: number; payloadEnd: number },
): boolean {
  let payload = bytes;
  let { payloadStart: from, payloadEnd: to } = frame;
  if ((frame.flags & RecordFlag.External) !== 0) {
    try {
      payload = opened.readUnit(lsn);
    } catch (error) {
      demand(isVarveError(error, 'CORRUPT'), 'I6', `reading a unit gave ${describe(error)}`);
      return false;
    }
    from = 0;
    to = payload.length;
  }
  const expected = golden.payloads.get(lsn);
  demand(expected !== undefined, 'I6', `record ${lsn} was never written`);
  demand(expected.length === to - from, 'I6', `record ${lsn} is served with another length`);
  for (let index = 0; index < expected.length; index++) {
    if (payload[from + index] !== expected[index])
      demand(false, 'I6', `record ${lsn} is served with other bytes`);
  }
  return true;
}

/** Where the newest superblock is lost and the other one is stale, an earlier state is replayed from. */
function readsState({ state, states }: Golden, opened: Opened, leave: Leave): boolean {
  let found: Uint8Array | undefined;
  try {
    found = opened.readState();
  } catch (error) {
    demand(isVarveError(error, 'CORRUPT'), 'I6', `reading the state gave ${describe(error)}`);
    return false;
  }
  const same = state === undefined ? found === undefined : found && equal(found, state);
  const isLost = opened.recovery.invalidSuperblocks.length > 0;
  const earlier = leave.isRepaired === true || (leave.mayBeStale && isLost);
  const known = same === true || (earlier && isOneOf(states, found));
  demand(known, 'I6', 'the state is not the last checkpoint’s');
  return same === true;
}

const isOneOf = (states: readonly Uint8Array[], found: Uint8Array | undefined): boolean =>
  found === undefined || states.some((state) => equal(state, found));

function shown({ recovery, firstLsn, lastLsn }: Opened): unknown {
  const { rows, damage, tailUncertain } = recovery;
  return { rows, damage, tailUncertain, firstLsn, lastLsn };
}

function describeUses(
  touched: Iterable<{ kind: string; from: number; lsns: Set<number> }>,
): string {
  return [...touched].map(({ kind, from, lsns }) => `${kind} at ${from} (${[...lsns]})`).join(', ');
}
