/**
 * The page that is killed: opens a subject, lets a storm loose on it, reads back what is there.
 * The test process drives it through `window.crashApp`.
 */
import { AckChannel } from './ack-channel.ts';
import type { Served } from './housekeeper.ts';
import { Storm } from './storm.ts';
import type { OpenOptions, OpenSubject, RecoveryFacts, Subject } from './subject.ts';
import { nameOf, sumOf } from './value.ts';
import type { Round } from './workload.ts';

/** lsn, round, writer, index, part, byte length, sum; round −1: bytes that no writer of ours made. */
export type RecoveredRow = readonly [number, number, number, number, number, number, number];

/** Which segment stands in which slot; 0: none. */
export interface SlotFacts {
  readonly segments: readonly number[];
  readonly endSlot: number;
}

export interface Recovered {
  readonly rows: readonly RecoveredRow[];
  /** The state of the last checkpoint as a row: its LSN is the one that the state stands for. */
  readonly checkpoint: RecoveredRow | null;
  readonly slots: SlotFacts;
  readonly facts: RecoveryFacts;
  readonly openMs: number;
}

/** An error as plain data, for the way out of the page. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly facts: Record<string, unknown>;
  readonly outcome: string | null;
  readonly afterMs: number;
}

export type Settled<T> = { readonly value: T } | { readonly error: PlainError };

export interface CrashApp {
  open(options: OpenOptions): Promise<Settled<true>>;
  /** `served`: what an earlier recovery of this store gave; nothing else is ever trimmed. */
  startStorm(round: Round, served: Served, ackUrl: string): void;
  stopStorm(deadlineMs: number): Promise<void>;
  /** Its worker was terminated. */
  workerEnded(): void;
  readAll(): Promise<Recovered>;
  close(): Promise<void>;
}

declare global {
  interface Window {
    crashApp: CrashApp;
  }
}

function plain(error: unknown, startedMs: number): PlainError {
  const { code, message, facts, outcome } = error as Partial<PlainError>;
  return {
    code: code ?? (error instanceof Error ? error.name : 'UNKNOWN'),
    message: message ?? String(error),
    facts: facts ?? {},
    outcome: outcome ?? null,
    afterMs: performance.now() - startedMs,
  };
}

export async function settle<T>(work: () => Promise<T>): Promise<Settled<T>> {
  const startedMs = performance.now();
  try {
    return { value: await work() };
  } catch (error) {
    return { error: plain(error, startedMs) };
  }
}

function rowOf(lsn: number, bytes: Uint8Array = new Uint8Array(0)): RecoveredRow {
  const name = nameOf(bytes) ?? { round: -1, writer: 0, index: 0, part: 0 };
  const { round, writer, index, part } = name;
  return [lsn, round, writer, index, part, bytes.length, sumOf(bytes)];
}

export function serve(openSubject: OpenSubject): void {
  let subject: Subject | undefined;
  let storm: Storm | undefined;
  let openMs = 0;
  const opened = (): Subject => {
    if (subject === undefined) throw new Error('nothing is open');
    return subject;
  };
  window.crashApp = {
    open: (options) =>
      settle(async () => {
        const startedMs = performance.now();
        subject = await openSubject(options);
        openMs = performance.now() - startedMs;
        return true as const;
      }),
    startStorm(round, served, ackUrl) {
      storm = new Storm(opened(), new AckChannel(ackUrl), round, served);
      storm.start();
    },
    stopStorm: async (deadlineMs) => storm?.stop(deadlineMs),
    workerEnded: () => subject?.workerEnded(),
    async readAll() {
      const rows: RecoveredRow[] = [];
      await opened().readAll((lsn, bytes) => void rows.push(rowOf(lsn, bytes)));
      const { housekeeping } = opened();
      const { state, upTo } = (await housekeeping?.readCheckpoint()) ?? { upTo: 0 };
      const checkpoint = state === undefined && upTo === 0 ? null : rowOf(upTo, state);
      const slots = (await housekeeping?.readSlots()) ?? { segments: [], endSlot: -1 };
      return { rows, checkpoint, slots, facts: opened().facts(), openMs };
    },
    async close() {
      await subject?.close();
      subject = undefined;
    },
  };
  document.body.dataset['ready'] = 'yes';
}
