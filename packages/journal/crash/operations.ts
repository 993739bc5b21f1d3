/**
 * The operations that workloads are made of. Each is small, so that all sequences of them can be run.
 */
import type { Host } from '@varve/files';
import { isVarveError, recordFrameBytes, writeRecordFrame } from '@varve/protocol';
import type { Appended, Store, StoreOptions } from '../src/index.ts';
import { openStore } from '../src/index.ts';
import type { History } from './history.ts';

/** What an operation works on. */
export interface Run {
  readonly host: Host;
  readonly history: History;
  readonly options: Partial<StoreOptions>;
  store: Store;
  /** Counts payloads, so that each is different. */
  serial: number;
  opCount(): number;
  advance(ms: number): Promise<void>;
}

export type Operation = (run: Run) => Promise<void>;

export function payloadOf(serial: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = (serial + 1) * 2_654_435_761;
  for (let index = 0; index < length; index++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = x >>> 24;
  }
  return bytes;
}

export function framesOf(payloads: readonly Uint8Array[]): Uint8Array {
  const length = payloads.reduce((sum, payload) => sum + recordFrameBytes(0, payload.length), 0);
  const frames = new Uint8Array(length);
  let at = 0;
  for (const payload of payloads) at = writeRecordFrame(frames, at, 64, 0, payload);
  return frames;
}

function append(lengths: readonly number[], durability: 'strict' | 'relaxed' = 'strict'): Operation {
  return async (run) => {
    const payloads = lengths.map((length) => payloadOf(run.serial++, length));
    const group = { firstLsn: run.history.lastLsn + 1, payloads, ackedAtOp: Infinity };
    run.history.groups.push(group);
    const appended: Appended = await run.store.append({ frames: framesOf(payloads), durability });
    if (appended.firstLsn !== group.firstLsn) {
      throw new Error(`append gave LSN ${appended.firstLsn}, the model says ${group.firstLsn}`);
    }
    // A relaxed append promises nothing that a power cut must respect before the next flush.
    if (durability === 'strict') acknowledgeAll(run);
  };
}

/** A strict acknowledgement covers everything issued before it. */
function acknowledgeAll(run: Run): void {
  for (const group of run.history.groups) group.ackedAtOp = Math.min(group.ackedAtOp, run.opCount());
}

function stream(pieces: number, bytes: number, end: 'commit' | 'abort'): Operation {
  return async (run) => {
    const unit = run.store.openUnit();
    const whole = payloadOf(run.serial++, pieces * bytes);
    for (let piece = 0; piece < pieces; piece++) {
      await unit.write(whole.subarray(piece * bytes, (piece + 1) * bytes));
      if (piece === 1) await append([30])(run);
    }
    if (end === 'abort') {
      unit.abort();
      return;
    }
    const group = { firstLsn: run.history.lastLsn + 1, payloads: [whole], ackedAtOp: Infinity };
    run.history.groups.push(group);
    const lsn = await unit.commit({ type: 64, channel: 0 });
    if (lsn !== group.firstLsn) throw new Error(`stream gave LSN ${lsn}, the model says ${group.firstLsn}`);
    acknowledgeAll(run);
  };
}

function checkpoint(bytes: number): Operation {
  return async (run) => {
    const { store, history } = run;
    const coveredLsn = Math.max(store.status().coveredLsn, history.lastLsn - 1);
    const issued = { state: payloadOf(run.serial++, bytes), coveredLsn, ackedAtOp: Infinity };
    history.checkpoints.push(issued);
    await store.checkpoint(issued.state, coveredLsn);
    issued.ackedAtOp = run.opCount();
    acknowledgeAll(run);
  };
}

const trim: Operation = async (run) => {
  const before = Math.max(1, run.history.lastLsn - 2);
  run.history.trims.push({ before, issuedAtOp: run.opCount() });
  await run.store.trim(before);
  acknowledgeAll(run);
};

const reopen: Operation = async (run) => {
  await run.store.close();
  acknowledgeAll(run);
  run.store = await openStore(run.host, 's', run.options);
};

/** Gone without a word, as after a kill: what is in the cache of the machine stays. */
const abandon: Operation = async (run) => {
  run.store.abandon();
  run.store = await openStore(run.host, 's', run.options);
  forgetLost(run);
  acknowledgeAll(run);
};

/** After a process died, relaxed records that had not even been written are gone: the model forgets them. */
export function forgetLost(run: Run): void {
  const { lastLsn } = run.store.status();
  while (run.history.lastLsn > lastLsn) run.history.groups.pop();
}

const flush: Operation = async (run) => {
  await run.store.flush();
  acknowledgeAll(run);
};

const idle: Operation = (run) => run.advance(30);

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  small: append([40]),
  sectors: append([1_300]),
  segments: append([9_000]),
  batch: append([20, 60, 500]),
  bigBatch: append([900, 1_100, 700, 1_300, 800, 1_000]),
  relaxed: append([200], 'relaxed'),
  stream: stream(4, 1_400, 'commit'),
  aborted: stream(3, 800, 'abort'),
  checkpoint: checkpoint(300),
  bigState: checkpoint(5_000),
  trim,
  reopen,
  abandon,
  flush,
  idle,
};

/** Whether an error is a refusal that leaves the store as it was. */
export function isRefusal(error: unknown): boolean {
  return isVarveError(error) && error.outcome === 'not-written';
}
