/**
 * Opens an image and checks the invariants on it.
 *
 * I1 everything acknowledged is there, byte-equal · I2 what is there is a prefix of what was issued,
 * groups whole · I3 recovering twice gives the same · I5 nothing of an older generation appears (it
 * would not be byte-equal) · I6 no image of a lost write is called damage, and none of damage a lost
 * write · I7 recovery ends.
 */
import type { Host } from '@varve/files';
import { isVarveError, newRecordFrame, readRecordFrame, RecordFlag } from '@varve/protocol';
import { openStore, type Store, type StoreOptions } from '../src/index.ts';
import type { History } from './history.ts';

export class Violation extends Error {
  override readonly name = 'Violation';
}

/** What an image's store must show. */
export interface Expectation {
  readonly history: History;
  /** Device operation that the image crashed in. */
  readonly op: number;
  /** The names may be lost: then STORE_LOST is a legal answer. */
  readonly namesMayBeLost: boolean;
}

function demand(holds: boolean, invariant: string, message: string): asserts holds {
  if (!holds) throw new Violation(`${invariant}: ${message}`);
}

/** Returns the rows of the recovery tables that this image hit. @throws Violation */
export async function checkImage(
  host: Host,
  options: Partial<StoreOptions>,
  expectation: Expectation,
): Promise<readonly string[]> {
  const { history, op, namesMayBeLost } = expectation;
  const owed = history.owedLsn(op);
  let store: Store;
  try {
    store = await openStore(host, 's', options);
  } catch (error) {
    if (isVarveError(error, 'STORE_LOST')) {
      demand(namesMayBeLost, 'I1', 'STORE_LOST although its names are old');
      return ['files-gone'];
    }
    throw new Violation(`I7: opening failed: ${String(error)} ${factsOf(error)}`);
  }
  const { recovery, firstLsn, lastLsn, state } = store.status();
  const rows = recovery.rows;
  demand(state === 'open', 'I6', `a legal image is called damaged: ${JSON.stringify(recovery)}`);
  demand(lastLsn >= owed, 'I1', `${owed} were acknowledged, ${lastLsn} are there [${rows.join()}]`);
  demand(lastLsn <= history.lastLsn, 'I2', `${lastLsn} are there, ${history.lastLsn} were issued`);
  demand(history.endsAtGroup(lastLsn), 'I2', `the log ends inside a group, at ${lastLsn}`);
  const trimmedTo = Math.max(1, ...history.trims.filter((t) => t.issuedAtOp < op).map((t) => t.before));
  demand(!history.keepsAll || firstLsn <= trimmedTo, 'I1', `history begins at ${firstLsn}`);
  checkRecords(store, history, firstLsn, lastLsn);
  checkState(store, history, op);
  return rows;
}

function factsOf(error: unknown): string {
  return isVarveError(error) ? JSON.stringify(error.facts) : String((error as Error).stack);
}

function checkRecords(store: Store, history: History, firstLsn: number, lastLsn: number): void {
  const frame = newRecordFrame();
  let next = firstLsn;
  while (next <= lastLsn) {
    const chunk = store.readChunk({ after: next - 1, maxBytes: 65_536 });
    demand(chunk.runs.length > 0, 'I2', `record ${next} is missing`);
    for (const run of chunk.runs) {
      demand(run.firstLsn === next, 'I2', `record ${next} is missing, ${run.firstLsn} follows`);
      let at = run.start;
      for (let index = 0; index < run.count; index++, next++) {
        at = readRecordFrame(chunk.bytes, at, run.end, frame);
        const expected = history.payload(next);
        demand(at > 0 && expected !== undefined, 'I2', `record ${next} was never issued`);
        const payload =
          (frame.flags & RecordFlag.External) === 0
            ? chunk.bytes.subarray(frame.payloadStart, frame.payloadEnd)
            : store.readUnit(next, 0, Number.MAX_SAFE_INTEGER).bytes;
        demand(equal(payload, expected), 'I1', `record ${next} has other bytes`);
      }
    }
  }
}

function checkState(store: Store, history: History, op: number): void {
  const owed = history.checkpoints.filter(({ ackedAtOp }) => ackedAtOp < op).at(-1);
  const found = store.readState();
  if (owed !== undefined) demand(found !== undefined, 'I1', 'an acknowledged checkpoint is gone');
  if (found === undefined) return;
  const issued = history.checkpoints.some(
    ({ state, coveredLsn }) => coveredLsn === found.coveredLsn && equal(state, found.state),
  );
  demand(issued, 'I2', 'the state is none that was issued');
  demand(owed === undefined || found.coveredLsn >= owed.coveredLsn, 'I1', 'an older state came back');
  demand(found.coveredLsn <= store.status().lastLsn, 'I2', 'the state covers records that are not there');
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
