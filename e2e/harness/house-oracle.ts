/**
 * Judges the housekeeping of a store over many kills: where its history begins, and its checkpoint.
 * Rules 9 to 11 of `oracle.ts`.
 *
 * Always true: only what an earlier recovery served is ever trimmed, and only below a checkpoint. So
 * an acknowledged trim has done exactly what it was asked for, and none of the round's own records goes.
 */
import { History, Violation } from '@varve/crashkit/oracle';
import type { Recovered, RecoveredRow } from '../app/page.ts';
import { sumOf, valueBytes } from '../app/value.ts';
import { houseStep, WRITERS, type Round } from '../app/workload.ts';
import type { Ledger } from './ledger.ts';

/** A checkpoint without its bytes: a sum stands for them. */
interface Checkpoint {
  readonly upTo: number;
  readonly round: number;
  readonly writer: number;
  readonly step: number;
  readonly byteLength: number;
  sum(): number;
}

/** The only refusal that a kill explains. */
const DIED = 'WORKER_DIED';

export class HouseOracle {
  #firstLsn = 1;
  /** No trim ever asked for more. */
  #trimIssued = 1;
  /** What the last recovery gave: it is owed like one that was acknowledged. */
  #checkpoint: Checkpoint | undefined;

  /** @returns how many acknowledged checkpoints are gone */
  judge(
    workload: Round,
    ledger: Ledger,
    { facts: { firstLsn }, rows, checkpoint }: Recovered,
    say: (violation: string) => void,
  ): number {
    this.#judgeBeginning(ledger, firstLsn, say);
    for (const { what, code } of ledger.houseRefused) {
      if (code !== DIED) say(`rule 11: a ${what} was refused: ${code}`);
    }
    const endLsn = rows.at(-1)?.[0] ?? firstLsn - 1;
    if (checkpoint !== null && checkpoint[0] > endLsn) {
      say(`rule 10: the checkpoint stands for LSN ${checkpoint[0]}, the log ends at ${endLsn}`);
    }
    return this.#judgeCheckpoint(workload, ledger, checkpoint, say);
  }

  #judgeBeginning({ trims }: Ledger, firstLsn: number, say: (violation: string) => void): void {
    const acknowledged = trims.filter((trim) => trim.acknowledged).map(({ before }) => before);
    const least = Math.max(this.#firstLsn, ...acknowledged);
    this.#trimIssued = Math.max(this.#trimIssued, ...trims.map(({ before }) => before));
    if (firstLsn > this.#trimIssued) {
      say(`rule 9: history begins at ${firstLsn}, trimmed was below ${this.#trimIssued} at most`);
    }
    if (firstLsn < this.#firstLsn) {
      say(`rule 9: history began at ${this.#firstLsn} and begins at ${firstLsn} again`);
    } else if (firstLsn < least) {
      say(`rule 9: history begins at ${firstLsn}, below ${least} it was acknowledged to be gone`);
    }
    this.#firstLsn = firstLsn;
  }

  #judgeCheckpoint(
    workload: Round,
    { checkpoints }: Ledger,
    row: RecoveredRow | null,
    say: (violation: string) => void,
  ): number {
    const history = new History<Checkpoint>({ same, show });
    if (this.#checkpoint !== undefined) history.issue(this.#checkpoint).acknowledge();
    for (const { step, upTo, acknowledged } of checkpoints) {
      const issued = history.issue(checkpointOf(workload, step, upTo));
      if (acknowledged) issued.acknowledge();
    }
    this.#checkpoint = row === null ? undefined : checkpointAt(row);
    try {
      history.checkNewest(this.#checkpoint);
      return 0;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      say(`rule 10: checkpoints: ${error.message}`);
      return error.rule === 'acknowledged' ? 1 : 0;
    }
  }
}

function checkpointOf(workload: Round, step: number, upTo: number): Checkpoint {
  const { seed, round } = workload;
  const writer = WRITERS.checkpoints;
  const byteLength = houseStep(workload, step).stateBytes;
  const sum = () => sumOf(valueBytes(seed, { round, writer, index: step, part: 0 }, byteLength));
  return { upTo, round, writer, step, byteLength, sum };
}

function checkpointAt([upTo, round, writer, step, , byteLength, sum]: RecoveredRow): Checkpoint {
  return { upTo, round, writer, step, byteLength, sum: () => sum };
}

function same(a: Checkpoint, b: Checkpoint): boolean {
  return (
    a.upTo === b.upTo &&
    a.round === b.round &&
    a.writer === b.writer &&
    a.step === b.step &&
    a.byteLength === b.byteLength &&
    a.sum() === b.sum()
  );
}

function show({ upTo, round, step, byteLength }: Checkpoint): string {
  return `checkpoint ${step} of round ${round} up to ${upTo}, ${byteLength} bytes`;
}
