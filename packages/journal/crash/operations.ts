/**
 * The operations that workloads are made of. Each is small, so that all sequences of them can be run.
 *
 * Some have a name; others say their sizes (`append~40-300~7`: two groups at once, of two records and
 * of one).
 */
import { newRecordFrame, readRecordFrame } from '@varve/protocol';
import { CLIENTS, crowd, sendNew, sendOnceMore } from './clients.ts';
import { equal } from './oracle.ts';
import type { Run } from './run.ts';
import { demand } from './violation.ts';

export type Operation = (run: Run) => Promise<void>;

const append =
  (
    groups: readonly (readonly number[])[],
    durability: 'strict' | 'relaxed' = 'strict',
  ): Operation =>
  (run) =>
    run.append(groups, durability);

function stream(
  pieces: number,
  bytes: number,
  end: 'commit' | 'abort',
  appendAfter = 1,
): Operation {
  return async (run) => {
    const opened = await run.attempt(async () => run.store.openUnit());
    if (opened === undefined) return;
    const whole = run.payload(pieces * bytes);
    for (let piece = 0; piece < pieces; piece++) {
      const part = whole.subarray(piece * bytes, (piece + 1) * bytes);
      const done = await run.attempt(async () => {
        await opened.write(part);
        return true;
      });
      if (done === undefined) return;
      if (piece === appendAfter) await run.append([[30]], 'strict');
    }
    if (end === 'abort') {
      opened.abort();
      return;
    }
    const group = run.history.issue([whole], run.op);
    try {
      const lsn = await run.ended(opened.commit({ type: 64, channel: 0, durability: 'strict' }));
      run.accepted(group, lsn, 1, 'strict');
    } catch (error) {
      run.refused(error, group);
    }
  };
}

/** A stream that stays open while history behind it goes away. */
const longStream: Operation = async (run) => {
  const { store } = run;
  const opened = await run.attempt(async () => run.store.openUnit());
  if (opened === undefined) return;
  const whole = run.payload(2_600);
  const write = (from: number, to: number): Promise<boolean | undefined> =>
    run.attempt(async () => {
      await opened.write(whole.subarray(from, to));
      return true;
    });
  if ((await write(0, 1_300)) === undefined) return;
  for (const name of ['segments', 'checkpoint', 'trimAll', 'segments', 'checkpoint']) {
    await OPERATIONS[name]!(run);
    await run.settle();
    // A fault made a new process of it: this stream is gone with the old one.
    if (run.store !== store) return;
  }
  if ((await write(1_300, 2_600)) === undefined) return;
  const group = run.history.issue([whole], run.op);
  try {
    const lsn = await run.ended(opened.commit({ type: 64, channel: 0, durability: 'strict' }));
    run.accepted(group, lsn, 1, 'strict');
  } catch (error) {
    run.refused(error, group);
  }
};

function checkpoint(bytes: number, behind: number): Operation {
  return async (run) => {
    const { store, history } = run;
    const { lastLsn, coveredLsn: covered } = store.status();
    const coveredLsn = Math.max(covered, lastLsn - behind);
    const issued = {
      state: run.payload(bytes),
      coveredLsn,
      issuedAtOp: run.op,
      ackedAtOp: Infinity,
    };
    history.checkpoints.push(issued);
    const done = await run.attempt(async () => {
      await store.checkpoint(issued.state, coveredLsn);
      return true;
    });
    if (done === undefined) return;
    issued.ackedAtOp = run.op;
    history.acknowledgeTo(store.status().durableLsn, run.op);
  };
}

function trim(behind: number): Operation {
  return async (run) => {
    const before = Math.max(1, run.store.status().lastLsn - behind);
    run.history.trims.push({ before, issuedAtOp: run.op });
    await run.attempt(() => run.store.trim(before));
  };
}

const reopen: Operation = async (run) => {
  const { lastLsn } = run.store.status();
  const closed = await run.attempt(async () => {
    await run.store.close();
    return true;
  });
  if (closed === true) run.history.acknowledgeTo(lastLsn, run.op);
  await run.reopen(false);
};

/** Gone without a word, as after a kill: what is in the cache of the machine stays. */
const abandon: Operation = (run) => run.reopen(true);

const flush: Operation = async (run) => {
  const durable = await run.attempt(() => run.store.flush());
  if (durable !== undefined) run.history.acknowledgeTo(durable, run.op);
};

const idle =
  (ms: number): Operation =>
  async (run) => {
    await run.disk.advanceAsync(ms);
    await run.settle();
    // Relaxed records are bounded by time, too.
    if (ms > 1_000 && run.fault === undefined)
      run.history.acknowledgeTo(run.history.lastLsn, run.op);
  };

/** Leaves almost no room before the footer, so that what comes next rotates, or just does not. */
const fill: Operation = async (run) => {
  // What nobody waited for may have failed just now: then the store is reopening itself.
  const layout = await run.attempt(async () => run.store.layout());
  const tail = layout?.slots.find(({ state }) => state === 'tail');
  const segmentBytes = run.options.segmentSizeBytes ?? 4_096;
  const room = segmentBytes - (tail?.usedBytes ?? 0) - 90 - 60 - (run.serial % 5) * 24;
  await run.append([[Math.max(1, room % segmentBytes)]], 'strict');
};

/** Several readers at once: each sees what the model says, at its own place and in its own direction. */
const readers: Operation = async (run) => {
  const { store, history } = run;
  const { firstLsn, durableLsn } = store.status();
  const hold = store.holdHistory(firstLsn - 1);
  const frame = newRecordFrame();
  await run.attempt(async () => {
    for (let reader = 0; reader < 4; reader++) {
      const after = Math.min(durableLsn, firstLsn - 1 + reader * 2);
      const reverse = reader % 2 === 1;
      const chunk = store.readChunk({
        after,
        maxBytes: 200 + reader * 900,
        reverse,
        visibility: 'durable',
      });
      for (const { firstLsn: lsn, count, start, end } of chunk.runs) {
        let at = start;
        for (let index = 0; index < count; index++) {
          at = readRecordFrame(chunk.bytes, at, end, frame);
          demand(
            at > 0 && lsn + index > after,
            'I2',
            `a reader after ${after} is given ${lsn + index}`,
          );
          const issued = history.payload(lsn + index, Infinity);
          const same =
            issued !== undefined &&
            (frame.flags !== 0 ||
              equal(chunk.bytes.subarray(frame.payloadStart, frame.payloadEnd), issued));
          demand(same, 'I1', `a reader is given other bytes for ${lsn + index}`);
        }
      }
      hold.advance(after);
    }
  });
  hold.release();
};

/** Appends of clients that may send them again. Drawn by cases of their own: see `stampedWorkload`. */
export const STAMPED_OPERATIONS: Readonly<Record<string, Operation>> = {
  stamped: (run) => sendNew(run, CLIENTS, [[40]]),
  stampedLate: (run) => sendNew(run, [CLIENTS[0]], [[60], [30, 20]], { isLate: true }),
  stampedBoth: (run) => sendNew(run, CLIENTS, [[400], [70]], { isLate: true }),
  stampedBig: (run) => sendNew(run, CLIENTS, [[700], [1_900, 1_500], [5_000]], { isLate: true }),
  stampedRelaxed: (run) => sendNew(run, CLIENTS, [[90]], { durability: 'relaxed', isLate: true }),
  stampedStream: (run) => sendNew(run, [CLIENTS[1]], [[2_100]], { isStream: true, isLate: true }),
  stampedAgain: sendOnceMore,
  stampedCrowd: crowd,
  stampedShortStream: (run) => sendNew(run, CLIENTS, [[300]], { isStream: true, isLate: true }),
};

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  small: append([[40]]),
  sectors: append([[1_300]]),
  segments: append([[9_000]]),
  batch: append([[20, 60, 500]]),
  bigBatch: append([[900, 1_100, 700, 1_300, 800, 1_000]]),
  burst: append([[60], [300, 20], [700]]),
  bigBurst: append([[1_500], [5_000], [30], [2_000, 400]]),
  relaxed: append([[200]], 'relaxed'),
  relaxedBurst: append([[400], [3_800], [90]], 'relaxed'),
  stream: stream(4, 1_400, 'commit'),
  longStream,
  // Its fragments and its end stand in one segment, and only its own flush covers them.
  shortStream: stream(2, 250, 'commit', -1),
  aborted: stream(3, 800, 'abort'),
  checkpoint: checkpoint(300, 1),
  earlyCheckpoint: checkpoint(120, 3),
  bigState: checkpoint(5_000, 0),
  trim: trim(2),
  trimAll: trim(-1),
  fill,
  readers,
  reopen,
  abandon,
  flush,
  idle: idle(30),
  longIdle: idle(1_200),
  // Twice: the first time the flush of a mark, or of space made ahead, may come to its help.
  relaxedWait: async (run) => {
    for (let time = 0; time < 2; time++) {
      await run.append([[120]], 'relaxed');
      await idle(1_200)(run);
    }
  },
};

/** The same with sizes of their own: groups of numbers, as a workload spells them. */
const SHAPED: Readonly<Record<string, (sizes: readonly (readonly number[])[]) => Operation>> = {
  append: (groups) => append(groups),
  relaxed: (groups) => append(groups, 'relaxed'),
  stream: ([[pieces = 1, bytes = 1] = []]) => stream(pieces, bytes, 'commit'),
  aborted: ([[pieces = 1, bytes = 1] = []]) => stream(pieces, bytes, 'abort'),
  checkpoint: ([[bytes = 0, behind = 0] = []]) => checkpoint(bytes, behind),
  // One more than the last LSN, too: everything.
  trim: ([[behind = 0] = []]) => trim(behind - 1),
  idle: ([[ms = 0] = []]) => idle(ms),
};

/** @throws Error when none is called so */
export function operationOf(spelled: string): Operation {
  const named = OPERATIONS[spelled] ?? STAMPED_OPERATIONS[spelled];
  if (named !== undefined) return named;
  const [kind = '', ...groups] = spelled.split('~');
  const shape = SHAPED[kind];
  const isSized = groups.length > 0 && groups.every((group) => /^\d+(-\d+)*$/.test(group));
  if (shape === undefined || !isSized) throw new Error(`no operation is called ${spelled}`);
  return shape(groups.map((group) => group.split('-').map(Number)));
}
