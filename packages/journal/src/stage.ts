/**
 * Puts one request into the journal: all of its groups, or as many as there is room for.
 *
 * Always true:
 * - what is staged here is one request's, without a gap and in order
 * - of a message that was sent again, only what the log does not hold is staged; whoever sent it is
 *   told what it would have been told the first time
 */
import {
  isVarveError,
  newRecordFrame,
  readRecordFrame,
  VarveError,
  withOutcome,
} from '@varve/protocol';
import { type ClientMessage, groupsOf } from './client-table.ts';
import { runOf } from './client-run.ts';
import type { Journal } from './journal.ts';
import type { Appended, AppendRequest, ClientStamp } from './store-port.ts';

/** @throws VarveError: nothing of it will ever be visible, or it says otherwise; GenerationFault */
export function stageRequest(journal: Journal, request: AppendRequest): Appended {
  const { frames, groups, stamp } = request;
  const lengths = groups ?? [frames.length];
  if (stamp === undefined) return stageGroups(journal, request, lengths, 0);
  return stageOnce(journal, stamp, lengths.length, {
    countOf: (upTo) => countsOf(frames, lengths, upTo),
    stage: (done) => stageGroups(journal, request, lengths, done),
  });
}

/** The end of a stream: one record whose bytes are already there. */
export function stageExternal(
  journal: Journal,
  frame: Uint8Array,
  stamp: ClientStamp | undefined,
): Appended {
  const run = stamp && runOf(stamp.client, stamp.sequence, 0);
  if (run !== undefined) journal.expectClients();
  journal.addRecord(frame, run);
  return { firstLsn: journal.tail.lastLsn, count: 1, groups: 1 };
}

/** Whether the message that ends a stream is in the log already; then what to tell. @throws VarveError */
export function stagedBefore(journal: Journal, stamp: ClientStamp): Appended | undefined {
  const { table } = journal.clients;
  const message = table.admit(stamp, journal.generation);
  if (message === undefined && table.isPassed(stamp)) throw overtaken(stamp);
  return message && answerOf(message, stamp, [1]);
}

interface StampedRequest {
  /** Records of each of the first groups. */
  countOf(groups: number): number[];
  /** Stages the groups from this one on. */
  stage(from: number): Appended;
}

function stageOnce(
  journal: Journal,
  stamp: ClientStamp,
  groups: number,
  request: StampedRequest,
): Appended {
  const { table } = journal.clients;
  const message = table.admit(stamp, journal.generation);
  const done = message === undefined ? 0 : groupsOf(message);
  const passed = stamp.isOwed !== true && table.isPassed(stamp) ? overtaken(stamp) : undefined;
  if (message === undefined) {
    if (passed !== undefined) throw passed;
    return request.stage(0);
  }
  const counts = request.countOf(Math.min(done, groups));
  if (done > groups) throw otherMessage(stamp);
  const before = answerOf(message, stamp, counts);
  if (done === groups) return before;
  if (passed !== undefined) return { ...before, refusal: passed };
  let refusal: VarveError | undefined;
  try {
    refusal = request.stage(done).refusal;
  } catch (error) {
    if (!isVarveError(error)) throw error;
    refusal = withOutcome(error, 'not-written');
  }
  const answer = answerOf(message, stamp, request.countOf(groupsOf(message)));
  return refusal === undefined ? answer : { ...answer, refusal };
}

/** What is told of a message of which the log holds groups of so many records each. */
function answerOf(
  { parts }: ClientMessage,
  stamp: ClientStamp,
  counts: readonly number[],
): Appended {
  const groupLsns: number[] = [];
  for (const { groups, firstLsn, count } of parts) {
    let lsn = firstLsn;
    for (const records of counts.slice(groupLsns.length, groupLsns.length + groups)) {
      groupLsns.push(lsn);
      lsn += records;
    }
    if (lsn !== firstLsn + count) throw otherMessage(stamp);
  }
  const appended = {
    firstLsn: parts[0]!.firstLsn,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    groups: groupLsns.length,
  };
  return parts.length === 1 ? appended : { ...appended, groupLsns };
}

/** It failed under an earlier leader, or in an earlier generation, and its client was not told in time. */
function overtaken({ client, sequence }: ClientStamp): VarveError {
  return new VarveError('LEADER_LOST', 'it failed, and later appends of its client did not', {
    facts: { client, sequence },
    outcome: 'not-written',
  });
}

function otherMessage({ client, sequence }: ClientStamp): VarveError {
  return new VarveError('BAD_MESSAGE', 'another message was sent under this number', {
    facts: { client, sequence },
    outcome: 'not-written',
  });
}

function stageGroups(
  journal: Journal,
  { frames, expect, stamp }: AppendRequest,
  lengths: ArrayLike<number>,
  from: number,
): Appended {
  const before = journal.tail.lastLsn;
  if (expect !== undefined && expect !== before) {
    throw new VarveError('CONFLICT', undefined, {
      facts: { expected: expect, lastLsn: before },
      outcome: 'not-written',
    });
  }
  let at = 0;
  for (let group = 0; group < from; group++) at += lengths[group]!;
  let staged = from;
  let refusal: VarveError | undefined;
  try {
    if (stamp !== undefined) journal.expectClients();
    for (; staged < lengths.length; staged++) {
      const end = at + lengths[staged]!;
      if (!(end > at && end <= frames.length))
        throw new VarveError('BAD_MESSAGE', 'a group lies outside of its frames');
      const run = stamp && runOf(stamp.client, stamp.sequence, staged);
      journal.append(frames, at, end, run);
      at = end;
    }
  } catch (error) {
    if (staged === from || !isVarveError(error)) throw error;
    refusal = withOutcome(error, 'not-written');
  }
  const count = journal.tail.lastLsn - before;
  const appended = { firstLsn: before + 1, count, groups: staged };
  return refusal === undefined ? appended : { ...appended, refusal };
}

/** Records of each of the first `upTo` groups. */
function countsOf(frames: Uint8Array, lengths: ArrayLike<number>, upTo: number): number[] {
  const frame = newRecordFrame();
  const counts: number[] = [];
  let at = 0;
  for (let group = 0; group < upTo; group++) {
    const end = Math.min(frames.length, at + lengths[group]!);
    let count = 0;
    while (at >= 0 && at < end) {
      at = readRecordFrame(frames, at, end, frame);
      count++;
    }
    if (at !== end) return counts;
    counts.push(count);
  }
  return counts;
}
