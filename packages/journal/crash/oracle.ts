/**
 * Opens an image, or looks at a running store, and checks the invariants.
 *
 * I1 everything acknowledged is there, byte-equal: `owedLsn`, `checkRecords`, `checkState` · I2 what is
 * there is a prefix of what was issued, groups whole: `lastPossibleLsn`, `endsAtGroup`, `checkServed` ·
 * I3 recovering again, also after a crash inside recovery, ends at the same place: `endsAt` · I4 is of
 * volumes, not of the journal · I5 nothing of an older generation appears: it would not be byte-equal;
 * generations only grow: run.ts · I6 no image of a lost write is called damage: `damage`; none of damage
 * a lost write: wounds.ts · I7 recovery ends, with a store or a typed error: `checkImage`; calls end:
 * run.ts · I8 `durableLsn` never says more than is so: history.ts takes it for an acknowledgement, and an
 * append's error says what became of it · I9 recovery writes again no more than the last window.
 */
import type { Host } from '@varve/files';
import {
  type DamageRange,
  isVarveError,
  newRecordFrame,
  readRecordFrame,
  RecordFlag,
} from '@varve/protocol';
import { type Chunk, openStore, type Store, type StoreOptions } from '../src/index.ts';
import type { History } from './history.ts';
import type { Promises } from './promises.ts';
import { demand, Violation } from './violation.ts';

/** What one `readChunk` asks for: less than a store holds, so that reading goes on. */
const CHUNK_BYTES = 8_192;

/** What an image's store must show. */
export interface Expectation {
  readonly history: History;
  /** Device operation that the image crashed in. */
  readonly op: number;
  readonly promises: Promises;
  /** The names may be lost: then STORE_LOST is a legal answer. */
  readonly namesMayBeLost: boolean;
  /** The store was being erased: nothing at all, and all of it, are legal. */
  readonly erasing?: boolean;
  /** Where the log must end, because it did when it was recovered before. */
  readonly endsAt?: number | undefined;
}

export interface Checked {
  /** Rows of the recovery tables that this image hit. */
  readonly rows: readonly string[];
  /** Open and good to go on with; undefined when the image was refused, legally. */
  readonly store: Store | undefined;
}

/** Opens an image's store. @throws Violation */
export async function checkImage(
  host: Host,
  options: Partial<StoreOptions>,
  expectation: Expectation,
): Promise<Checked> {
  const { history, op, namesMayBeLost, promises } = expectation;
  const whole = promises.whole && history.liedAtOp >= op;
  let store: Store;
  try {
    store = await openStore(host, 's', options);
  } catch (error) {
    if (isVarveError(error, 'STORE_LOST') && namesMayBeLost)
      return { rows: ['files-gone'], store: undefined };
    if (!whole && isVarveError(error)) return { rows: [`refused-${error.code}`], store: undefined };
    throw new Violation(`I7: opening failed: ${String(error)} ${factsOf(error)}`);
  }
  const { recovery, lastLsn } = store.status();
  const isFresh = recovery.rows[0] === 'fresh' || recovery.rows[0] === 'erase-interrupted';
  if (expectation.erasing === true && isFresh)
    demand(lastLsn === 0, 'I2', `an erased store begins at ${lastLsn}`);
  else if (whole) checkWhole(store, expectation, op);
  else checkServed(store, history);
  return { rows: recovery.rows, store: store.state === 'open' ? store : undefined };
}

/** Everything that holds where the device keeps its promises. `op` Infinity: the store is running. */
export function checkWhole(store: Store, expectation: Expectation, op: number): void {
  const { history, promises } = expectation;
  const owed = history.owedLsn(op, promises.crash);
  const { recovery, firstLsn, lastLsn, state, coveredLsn } = store.status();
  const rows = recovery.rows;
  const { damage, invalidSuperblocks } = recovery;
  demand(
    state === 'open',
    'I6',
    `a legal image is called damaged: ${JSON.stringify({ state, rows, damage })}`,
  );
  demand(
    damage.length === 0,
    'I6',
    `a legal image is called damaged: ${JSON.stringify({ rows, damage })}`,
  );
  demand(invalidSuperblocks.length < 2, 'I6', 'both superblocks are invalid');
  const { endsAt = lastLsn } = expectation;
  demand(lastLsn === endsAt, 'I3', `recovered before it ended at ${endsAt}, now at ${lastLsn}`);
  demand(lastLsn >= owed, 'I1', `${owed} were acknowledged, ${lastLsn} are there [${rows.join()}]`);
  const possible = history.lastPossibleLsn(op);
  demand(lastLsn <= possible, 'I2', `${lastLsn} are there, ${possible} were issued`);
  demand(history.endsAtGroup(lastLsn, op), 'I2', `the log ends inside a group, at ${lastLsn}`);
  const trimmedTo = Math.max(
    1,
    ...history.trims.filter((t) => t.issuedAtOp < op).map((t) => t.before),
  );
  demand(!history.keepsAll || firstLsn <= trimmedTo, 'I1', `history begins at ${firstLsn}`);
  demand(
    firstLsn <= Math.max(trimmedTo, coveredLsn + 1),
    'I1',
    `replay from ${coveredLsn + 1} is impossible, history begins at ${firstLsn}`,
  );
  // A batch says what was durable when it was written: only what came after that is in doubt.
  const inDoubt = Math.max(0, lastLsn - history.provableLsn(op));
  demand(
    recovery.rewrittenRecords <= inDoubt || op === Infinity,
    'I9',
    `${recovery.rewrittenRecords} records were written again, ${inDoubt} were in doubt`,
  );
  checkRecords(store, history, firstLsn, lastLsn, op);
  checkState(store, history, op);
}

function factsOf(error: unknown): string {
  return isVarveError(error) ? JSON.stringify(error.facts) : String((error as Error).stack);
}

function checkRecords(
  store: Store,
  history: History,
  firstLsn: number,
  lastLsn: number,
  op: number,
): void {
  const frame = newRecordFrame();
  let next = firstLsn;
  while (next <= lastLsn) {
    const chunk = read(() =>
      store.readChunk({ after: next - 1, maxBytes: CHUNK_BYTES, visibility: 'written' }),
    );
    // Records that are staged and not yet written are no one's to see.
    if (chunk.runs.length === 0 && op === Infinity && next > store.journal!.tail.writtenLsn) return;
    demand(chunk.runs.length > 0, 'I2', `record ${next} is missing`);
    for (const run of chunk.runs) {
      demand(run.firstLsn === next, 'I2', `record ${next} is missing, ${run.firstLsn} follows`);
      let at = run.start;
      for (let index = 0; index < run.count; index++, next++) {
        at = readRecordFrame(chunk.bytes, at, run.end, frame);
        const expected = history.payload(next, op);
        demand(at > 0 && expected !== undefined, 'I2', `record ${next} was never issued`);
        const lsn = next;
        const payload =
          (frame.flags & RecordFlag.External) === 0
            ? chunk.bytes.subarray(frame.payloadStart, frame.payloadEnd)
            : read(() => store.readUnit(lsn, 0, Number.MAX_SAFE_INTEGER)).bytes;
        demand(equal(payload, expected), 'I1', `record ${next} has other bytes`);
      }
    }
  }
}

/** A legal image reads without an error. */
function read<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new Violation(`I1: reading failed: ${String(error)} ${factsOf(error)}`);
  }
}

export interface Salvaged {
  readonly served: ReadonlySet<number>;
  /** What is not served, as it was said; a typed error speaks of everything behind it. */
  readonly missing: readonly Pick<DamageRange, 'from' | 'to'>[];
}

/** Whatever a broken device did: what is served was issued. */
export function checkServed(store: Store, history: History): Salvaged {
  const frame = newRecordFrame();
  const served = new Set<number>();
  const missing: Pick<DamageRange, 'from' | 'to'>[] = [];
  let last = 0;
  for (const piece of pieces(store)) {
    if (piece === 'broken off') missing.push({ from: last + 1, to: Infinity });
    else if (!('runs' in piece)) {
      missing.push(piece);
      last = piece.to;
    }
    if (piece === 'broken off' || !('runs' in piece)) continue;
    for (const run of piece.runs) {
      let at = run.start;
      for (let index = 0; index < run.count; index++) {
        const lsn = run.firstLsn + index;
        last = lsn;
        at = readRecordFrame(piece.bytes, at, run.end, frame);
        demand(at > 0, 'I2', `record ${lsn} is not framed`);
        const payload = payloadOrNone(store, lsn, piece.bytes, frame);
        const issued =
          payload === undefined || history.payloadsEver(lsn).some((bytes) => equal(bytes, payload));
        demand(issued, 'I2', `record ${lsn} was never issued`);
        if (payload !== undefined) served.add(lsn);
        else missing.push({ from: lsn, to: lsn });
      }
    }
  }
  return { served, missing };
}

/** What a salvage gives, up to a typed error: the file may be shorter than its superblock says. */
function* pieces(store: Store): Generator<Chunk | DamageRange | 'broken off'> {
  try {
    yield* store.salvage();
  } catch (error) {
    if (!isVarveError(error, 'IO_ERROR')) throw error;
    yield 'broken off';
  }
}

function payloadOrNone(
  store: Store,
  lsn: number,
  bytes: Uint8Array,
  frame: { flags: number; payloadStart: number; payloadEnd: number },
): Uint8Array | undefined {
  if ((frame.flags & RecordFlag.External) === 0)
    return bytes.subarray(frame.payloadStart, frame.payloadEnd);
  try {
    return store.readUnit(lsn, 0, Number.MAX_SAFE_INTEGER).bytes;
  } catch (error) {
    if (isVarveError(error)) return undefined;
    throw error;
  }
}

function checkState(store: Store, history: History, op: number): void {
  const owed = history.checkpoints.filter(({ ackedAtOp }) => ackedAtOp < op).at(-1);
  const found = read(() => store.readState());
  if (owed !== undefined) demand(found !== undefined, 'I1', 'an acknowledged checkpoint is gone');
  if (found === undefined) return;
  const issued = history.checkpoints.some(
    ({ state, coveredLsn, issuedAtOp }) =>
      issuedAtOp < op && coveredLsn === found.coveredLsn && equal(state, found.state),
  );
  demand(issued, 'I2', 'the state is none that was issued');
  demand(
    owed === undefined || found.coveredLsn >= owed.coveredLsn,
    'I1',
    'an older state came back',
  );
  demand(
    found.coveredLsn <= store.status().lastLsn,
    'I2',
    'the state covers records that are not there',
  );
  demand(
    found.coveredLsn === store.status().coveredLsn,
    'I2',
    'status and state disagree on what is covered',
  );
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
