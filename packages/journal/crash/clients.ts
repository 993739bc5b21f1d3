/**
 * The clients of a workload: what they sent under stamps, and which answers they have.
 *
 * Always true:
 * - a client sends its messages in order; in another generation first those again that it has no
 *   answer to
 * - what a client is told of a message is what the model says of it, however often it is sent
 * - a client forgets a message when it has the answer; it may take its time with that
 */
import { isVarveError } from '@varve/protocol';
import type { Appended, ClientStamp } from '../src/index.ts';
import type { IssuedGroup } from './history.ts';
import type { Run } from './run.ts';
import { framesOf } from './run.ts';
import { demand, Violation } from './violation.ts';

export interface StampedMessage {
  readonly client: string;
  readonly sequence: number;
  readonly sinceGeneration: number;
  /** One a group; a stream is one group of one. */
  readonly payloads: readonly (readonly Uint8Array[])[];
  readonly isStream: boolean;
  readonly issuedAtOp: number;
  wasSent: boolean;
  answeredAtOp: number;
  /** What stands for each group in the model, if anything does. */
  groups: (IssuedGroup | undefined)[];
  /** What stood for it before, and was withdrawn: an image of an earlier moment may hold that. */
  readonly earlier: { readonly index: number; readonly group: IssuedGroup }[];
}

/** The two clients of a workload. They take other names when they may be forgotten. */
export const CLIENTS = ['a11ce', '0b0b0'] as const;
const nameOf = (run: Run, client: string): string =>
  client + run.history.names.toString(16).padStart(11, '0');
/** As many as a table holds. */
const CROWD = 256;
/** A client has no answer to so many messages at most. */
const UNANSWERED_MAX = 4;

const isLive = (group: IssuedGroup | undefined): group is IssuedGroup =>
  group !== undefined && group.withdrawnAtOp === Infinity;

function unanswered({ history }: Run, client: string): StampedMessage[] {
  return history.messages.filter(
    (message) => message.client === client && message.answeredAtOp === Infinity,
  );
}

function messageOf(
  run: Run,
  client: string,
  groups: readonly (readonly number[])[],
  isStream: boolean,
): StampedMessage {
  const earlier = run.history.messages.filter((message) => message.client === client);
  const message: StampedMessage = {
    client,
    sequence: (earlier.at(-1)?.sequence ?? 0) + 1,
    sinceGeneration: earlier[0]?.sinceGeneration ?? run.store.status().generation,
    payloads: groups.map((lengths) => lengths.map((length) => run.payload(length))),
    isStream,
    issuedAtOp: run.op,
    wasSent: false,
    answeredAtOp: Infinity,
    groups: [],
    earlier: [],
  };
  run.history.messages.push(message);
  return message;
}

/** Sends it, for the first time or again. True: it is in the log, or was refused for good. */
async function send(
  run: Run,
  message: StampedMessage,
  durability: 'strict' | 'relaxed',
): Promise<boolean> {
  const { history } = run;
  const isNew = message.groups.length === 0 && history.messages.at(-1) === message;
  const answeredTo = unanswered(run, message.client)[0]!.sequence - 1;
  const { client, sequence, sinceGeneration } = message;
  const stamp = { client, sequence, sinceGeneration, answeredTo, isRepeated: message.wasSent };
  const issued: IssuedGroup[] = [];
  const issue = (): void => {
    for (const [index, payloads] of message.payloads.entries()) {
      const before = message.groups[index];
      if (isLive(before)) continue;
      if (before !== undefined) message.earlier.push({ index, group: before });
      const group = history.issue(payloads, run.op);
      issued.push(group);
      message.groups[index] = group;
    }
  };
  const forgetFrom = (first: number): void => {
    for (const group of message.groups.splice(first).reverse()) if (group) history.forget(group);
  };
  const forgetIssued = (): void => {
    const first = message.groups.findIndex(
      (group) => group !== undefined && issued.includes(group),
    );
    if (first >= 0) forgetFrom(first);
  };
  // A call that a reopening finds waiting comes behind it, with what that has not found.
  run.waiting.add(issue);
  let wasSent = !message.isStream;
  const send = (): void => {
    wasSent = true;
    message.wasSent = true;
    issue();
  };
  try {
    const appended = message.isStream
      ? await sendStream(run, message, stamp, durability, send)
      : await sendGroups(run, message, stamp, durability, send);
    run.waiting.delete(issue);
    const { groups, refusal } = appended;
    if (refusal === undefined)
      demand(groups === message.payloads.length, 'I2', `a message gave ${groups} of its groups`);
    else {
      forgetFrom(groups);
      if (wasOvertaken(run, message, refusal))
        message.answeredAtOp = Math.min(message.answeredAtOp, run.op);
      else run.refused(refusal);
    }
    checkAnswer(run, message, appended, durability);
    return true;
  } catch (error) {
    run.waiting.delete(issue);
    if (error instanceof Violation) throw error;
    if (!wasSent) {
      // The stream failed before its end: the number was never used.
      run.refused(error);
      if (isNew) history.messages.splice(history.messages.indexOf(message), 1);
      return isNew;
    }
    if (mayBeForgotten(run, message) && isVarveError(error, 'OUTCOME_UNKNOWN')) {
      history.names++;
      // Nothing of it was written now; what was before is there.
      forgetIssued();
      message.answeredAtOp = Math.min(message.answeredAtOp, run.op);
      return true;
    }
    const notWritten = isVarveError(error) && error.outcome === 'not-written';
    if (notWritten) forgetIssued();
    if (wasOvertaken(run, message, error)) {
      message.answeredAtOp = Math.min(message.answeredAtOp, run.op);
      return true;
    }
    run.refused(error);
    demand(isVarveError(error) && error.outcome !== undefined, 'I8', 'no outcome is told');
    return notWritten;
  }
}

/** It failed once, and a later message of its client did not: it is left out for good. */
function wasOvertaken(
  { history }: Run,
  { client, sequence }: StampedMessage,
  error: unknown,
): boolean {
  const isPassed = history.messages.some(
    (other) => other.client === client && other.sequence > sequence && isLive(other.groups[0]),
  );
  return isPassed && isVarveError(error, 'LEADER_LOST') && error.outcome === 'not-written';
}

function sendGroups(
  run: Run,
  { payloads }: StampedMessage,
  stamp: ClientStamp,
  durability: 'strict' | 'relaxed',
  issue: () => void,
): Promise<Appended> {
  issue();
  const groups = payloads.map((group) => framesOf(group).length);
  return run.store.append({ frames: framesOf(payloads.flat()), groups, durability, stamp });
}

async function sendStream(
  run: Run,
  { payloads }: StampedMessage,
  stamp: ClientStamp,
  durability: 'strict' | 'relaxed',
  issue: () => void,
): Promise<Appended> {
  const unit = await run.store.openUnit();
  await unit.write(payloads[0]![0]!);
  issue();
  const firstLsn = await unit.commit({ type: 64, channel: 0, durability, stamp });
  return { firstLsn, count: 1, groups: 1 };
}

function checkAnswer(
  run: Run,
  { payloads, groups, client, sequence }: StampedMessage,
  appended: Appended,
  durability: 'strict' | 'relaxed',
): void {
  let lsn = appended.firstLsn;
  for (let index = 0; index < appended.groups; index++) {
    const told = appended.groupLsns?.[index] ?? lsn;
    const { firstLsn } = groups[index]!;
    demand(
      told === firstLsn,
      'I2',
      `group ${index} of message ${sequence} of ${client} is at ${told}, the model says ${firstLsn}`,
    );
    lsn = told + payloads[index]!.length;
    if (durability === 'strict') run.history.acknowledgeTo(lsn - 1, run.op);
    else groups[index]!.writtenAtOp = Math.min(groups[index]!.writtenAtOp, run.op);
  }
  const count = payloads.slice(0, appended.groups).reduce((sum, { length }) => sum + length, 0);
  demand(count === appended.count, 'I2', `a message gave ${appended.count} LSNs for ${count}`);
}

/** All names that the clients ever had. */
function namesOf({ history }: Run): string[] {
  return [...new Set(history.messages.map(({ client }) => client))];
}

/** So many others came in its time that it may be forgotten: then nobody can know what became of a message. */
function mayBeForgotten({ history }: Run, { sinceGeneration }: StampedMessage): boolean {
  return history.crowds.some((generation) => sinceGeneration <= generation);
}

/** What a client does first in another generation. False: it did not get through. */
async function catchUp(run: Run, client: string): Promise<boolean> {
  if (run.clientGenerations.get(client) === run.store.status().generation) return true;
  for (const message of unanswered(run, client)) {
    for (let attempt = 0; !(await run.ended(send(run, message, 'strict'))); attempt++) {
      await run.settle();
      if (attempt === 3) return false;
    }
    await run.settle();
  }
  run.clientGenerations.set(client, run.store.status().generation);
  return true;
}

/** New messages, one a client at once; the clients may keep the answers to themselves for a while. */
export async function sendNew(
  run: Run,
  callers: readonly (typeof CLIENTS)[number][],
  groups: readonly (readonly number[])[],
  { durability = 'strict', isStream = false, isLate = false }: Sending = {},
): Promise<void> {
  const clients = callers.map((client) => nameOf(run, client));
  for (const client of clients) if (!(await catchUp(run, client))) return;
  const ends = await run.ended(
    Promise.all(
      clients.map(async (client) => {
        const message = messageOf(run, client, groups, isStream);
        const done = await send(run, message, durability);
        if (!done) run.clientGenerations.delete(client);
        return { client, message, done };
      }),
    ),
  );
  for (const { client, done } of ends) {
    const waiting = unanswered(run, client);
    if (!done || (isLate && waiting.length < UNANSWERED_MAX)) continue;
    for (const message of waiting) message.answeredAtOp = run.op;
  }
}

export interface Sending {
  readonly durability?: 'strict' | 'relaxed';
  readonly isStream?: boolean;
  readonly isLate?: boolean;
}

/** The same messages again, without need. */
export async function sendOnceMore(run: Run): Promise<void> {
  for (const client of namesOf(run)) {
    if (!(await catchUp(run, client))) continue;
    const [message] = unanswered(run, client);
    if (message !== undefined && !(await run.ended(send(run, message, 'strict'))))
      run.clientGenerations.delete(client);
    await run.settle();
  }
}

/** As many clients as are remembered, each with one message: the two may be forgotten. */
export async function crowd(run: Run): Promise<void> {
  const { history, store } = run;
  const { generation } = store.status();
  const first = history.crowds.push(generation) * CROWD;
  history.names++;
  await run.append(
    Array.from({ length: CROWD }, () => [10]),
    'relaxed',
    (index) => {
      const client = `c${(first + index).toString(16).padStart(15, '0')}`;
      return {
        stamp: {
          client,
          sequence: 1,
          sinceGeneration: generation,
          answeredTo: 0,
          isRepeated: false,
        },
      };
    },
  );
}

/** After a crash each client sends again what it has no answer to, twice at once; nobody is struck by a fault. */
export async function sendAgain(run: Run): Promise<void> {
  for (const client of namesOf(run)) {
    for (const message of unanswered(run, client)) {
      const twice = [send(run, message, 'strict'), send(run, message, 'strict')];
      const done = await run.ended(Promise.all(twice));
      demand(done[0] === true && done[1] === true, 'I1', 'a message did not come through');
    }
    run.clientGenerations.set(client, run.store.status().generation);
  }
}
