/**
 * Keeps house while a storm blows: a checkpoint, a trim, and after some more appends again.
 *
 * Always true:
 * - nothing is issued before the test process was told
 * - one call at a time; the next when that one was answered and its answer reported
 * - nothing is trimmed that no earlier recovery has served, or that no checkpoint covers: so an
 *   acknowledged trim has done exactly what it was asked for
 */
import type { Acknowledged, AckChannel } from './ack-channel.ts';
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
    await this.#attempt('checkpoint', () => this.#checkpoint(step));
    await this.#attempt('trim', () => this.#trim(step));
  }

  async #attempt(what: string, perform: () => Promise<void>): Promise<void> {
    if (this.#stopped) return;
    try {
      await perform();
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message?: string };
      this.#stopped = true;
      this.#channel.report({ kind: 'refused', what, code: code ?? message ?? 'unknown' });
    }
  }

  async #checkpoint({ stateBytes, coveredShare }: HouseStep): Promise<void> {
    const { seed, round } = this.#round;
    const index = this.#step;
    const name = { round, writer: WRITERS.checkpoints, index, part: 0 };
    const { lastLsn } = this.#served;
    const upTo = Math.max(
      this.#coveredLsn,
      lastLsn + Math.floor((this.#lastLsn - lastLsn) * coveredShare),
    );
    this.#channel.report({ kind: 'checkpoint', stage: 'issued', step: index, upTo });
    await this.#house.checkpoint(valueBytes(seed, name, stateBytes), upTo);
    this.#coveredLsn = upTo;
    this.#channel.report({ kind: 'checkpoint', stage: 'acknowledged', step: index, upTo });
  }

  async #trim({ trimmedShare }: HouseStep): Promise<void> {
    const { firstLsn, lastLsn } = this.#served;
    const before = firstLsn + Math.floor((lastLsn + 1 - firstLsn) * trimmedShare);
    if (before <= this.#trimmedTo) return;
    this.#channel.report({ kind: 'trim', stage: 'issued', before });
    await this.#house.trim(before);
    this.#trimmedTo = before;
    this.#channel.report({ kind: 'trim', stage: 'acknowledged', before });
  }
}
