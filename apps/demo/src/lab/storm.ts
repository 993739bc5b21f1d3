/**
 * A write storm: many appenders, each with one durable append in flight at a time.
 *
 * Always true:
 * - an appender's records are numbered 1, 2, 3 … and carry bytes that their number decides
 * - the storm ends by itself after `LIMIT_RECORDS`: a visitor's disk is not ours to fill
 */
import type { Log } from 'varve';
import { LiveStore } from '../live-store.ts';
import { Ledger } from './ledger.ts';

export const StormType = 80;
const LIMIT_RECORDS = 200_000;
const PAYLOAD_BYTES = 64;

export interface StormRecord {
  readonly run: string;
  readonly appender: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export function payloadOf(appender: number, sequence: number): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_BYTES);
  let state = (appender * 0x9e3779b1 + sequence * 0x85ebca6b) >>> 0;
  for (let at = 0; at < PAYLOAD_BYTES; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    payload[at] = state >>> 24;
  }
  return payload;
}

/** Storms come and go: older ones make room by themselves, and their slots are used again. */
const KEEP_BYTES = 48 << 20;

export const labStore = (): LiveStore<StormRecord> =>
  new LiveStore<StormRecord>('crash-lab', 'Crash lab', {
    segmentSizeBytes: 1 << 20,
    keep: { bytes: KEEP_BYTES },
  });

export class Storm {
  readonly ledger: Ledger;
  /** The first error an appender met, if any. */
  failure: unknown;
  #running = true;
  readonly #done: Promise<unknown>;

  constructor(log: Log<StormRecord>, appenders: number) {
    this.ledger = Ledger.begin(appenders, log.status().lastLsn);
    this.#done = Promise.all(
      Array.from({ length: appenders }, (_, appender) => this.#append(log, appender)),
    );
  }

  get running(): boolean {
    return this.#running;
  }

  /** Lets every append in flight finish. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
    this.ledger.end(this.failure === undefined ? 'stopped' : 'failed');
  }

  /** The worker is gone: nothing more is issued, and nobody waits for what was in flight. */
  abandon(): void {
    this.#running = false;
    this.ledger.end('worker killed');
  }

  async #append(log: Log<StormRecord>, appender: number): Promise<void> {
    const { run } = this.ledger.page;
    while (this.#running && this.ledger.issued < LIMIT_RECORDS) {
      const sequence = await this.ledger.issue(appender);
      try {
        await log.append(
          { run, appender, sequence, payload: payloadOf(appender, sequence) },
          { type: StormType },
        );
      } catch (error) {
        this.failure ??= error;
        this.#running = false;
        return;
      }
      this.ledger.acknowledge(appender, sequence);
    }
    this.#running = false;
  }
}
