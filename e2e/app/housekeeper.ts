/**
 * Keeps house while a storm blows: a checkpoint, a trim, and after some more appends again.
 *
 * Always true:
 * - nothing is issued before the test process was told
 * - one call at a time; the next when that one was answered and its answer reported
 * - nothing is trimmed that no earlier recovery has served, or that no checkpoint covers: so an
 *   acknowledged trim has done exactly what it was asked for
 */
import type { Acknowledged, AckChannel, HouseCall, HouseReport } from './ack-channel.ts';
import type { Housekeeping } from './subject.ts';
import { valueBytes } from './value.ts';
import { houseStep, WRITERS, type HouseStep, type Round } from './workload.ts';

/** What the last recovery of this store gave. */
export interface Served {
  readonly firstLsn: number;
  /** `firstLsn - 1`: nothing. */
  readonly lastLsn: number;
}

export class Housekeeper {
  readonly #house: Housekeeping;
  readonly #channel: AckChannel;
  readonly #round: Round;
  readonly #served: Served;
  #step = 0;
  #acks = 0;
  #nextAtAcks = 0;
  #lastLsn: number;
  #coveredLsn = 0;
  #trimmedTo: number;
  #busy = false;
  #stopped = false;

  constructor(house: Housekeeping, channel: AckChannel, round: Round, served: Served) {
    this.#house = house;
    this.#channel = channel;
    this.#round = round;
    this.#served = served;
    this.#lastLsn = served.lastLsn;
    this.#trimmedTo = served.firstLsn;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Appends were acknowledged: perhaps it is time for the next step. */
  take(acknowledged: readonly Acknowledged[]): void {
    this.#acks += acknowledged.length;
    for (const [, , lsn] of acknowledged) this.#lastLsn = Math.max(this.#lastLsn, lsn);
    if (this.#busy || this.#stopped || this.#acks < this.#nextAtAcks) return;
    this.#busy = true;
    const step = houseStep(this.#round, this.#step);
    void this.#perform(step).then(() => {
      this.#step++;
      this.#nextAtAcks = this.#acks + houseStep(this.#round, this.#step).gapAcks;
      this.#busy = false;
    });
  }

  async #perform(step: HouseStep): Promise<void> {
    await this.#checkpoint(step);
    if (!this.#stopped) await this.#trim(step);
  }

  async #checkpoint({ stateBytes, coveredShare }: HouseStep): Promise<void> {
    const { seed, round } = this.#round;
    const step = this.#step;
    const name = { round, writer: WRITERS.checkpoints, index: step, part: 0 };
    const { lastLsn } = this.#served;
    const upTo = Math.max(
      this.#coveredLsn,
      lastLsn + Math.floor((this.#lastLsn - lastLsn) * coveredShare),
    );
    const state = valueBytes(seed, name, stateBytes);
    await this.#call({ kind: 'checkpoint', step, upTo }, () => this.#house.checkpoint(state, upTo));
    this.#coveredLsn = upTo;
  }

  async #trim({ trimmedShare }: HouseStep): Promise<void> {
    const { firstLsn, lastLsn } = this.#served;
    const before = firstLsn + Math.floor((lastLsn + 1 - firstLsn) * trimmedShare);
    if (before <= this.#trimmedTo) return;
    await this.#call({ kind: 'trim', before }, () => this.#house.trim(before));
    this.#trimmedTo = before;
  }

  async #call(what: HouseCall, perform: () => Promise<void>): Promise<void> {
    if (!this.#tell({ ...what, stage: 'issued' })) return;
    try {
      await perform();
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message?: string };
      this.#stopped = true;
      this.#tell({ kind: 'refused', what: what.kind, code: code ?? message ?? 'unknown' });
      return;
    }
    this.#tell({ ...what, stage: 'acknowledged' });
  }

  /** False: a page that is going away is not heard any more. It must not go on, and is not to blame. */
  #tell(report: HouseReport): boolean {
    try {
      this.#channel.report(report);
      return true;
    } catch {
      this.#stopped = true;
      return false;
    }
  }
}
