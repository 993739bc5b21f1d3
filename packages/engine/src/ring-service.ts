/**
 * The engine's end of a client's two rings: appends come by one, their answers go by the other.
 *
 * Always true:
 * - appends are taken in the order in which they were published, and never while one that was taken
 *   earlier in the same task is still unanswered: one that waits for its store is not overtaken
 * - messages, timers and other connections have their turn every `TURN_EVERY_MS`, however fast the
 *   client writes and however often it rings
 * - the thread stands still only while appends come in quick succession, for `STAND_MS` at most, never
 *   while one of them is unanswered, and only while `mayStandStill` says so
 * - without appends it sleeps: nothing runs but a look every `HEARTBEAT_MS`
 * - whatever the client writes into the memory, it costs the client alone: `onBroken`, once
 */
import { RingConsumer, RingProducer } from '@varve/fifo';
import { ANSWER_ENTRY_BYTES, writeAnswerEntry } from '@varve/protocol';
import type { AppendedMessage } from '@varve/protocol';
import { TaskTurn } from './task-turn.ts';

/** Standing still is what makes a ring faster than a message: waking a thread takes longer. */
const STAND_MS = 1;
/** Bells are not lost; a client that forgets to ring hurts itself, this long. */
const HEARTBEAT_MS = 5000;
/** Microtasks until what was taken is committed, answered and told to those who wait for it. */
const SETTLING_STEPS = 24;
const TURN_EVERY_MS = 4;

export interface RingUser {
  /** One entry, as it came. Then `answered` is called for it, once. */
  onEntry(entry: ArrayBuffer): void;
  /** The memory holds what no client writes: nothing is taken from it any more. */
  onBroken(error: Error): void;
  /** Would nobody else be held up? */
  mayStandStill(): boolean;
}

export class RingService {
  readonly #appends: RingConsumer;
  readonly #answers: RingProducer;
  readonly #user: RingUser;
  readonly #turn = new TaskTurn();
  #unanswered = 0;
  /** A message was sent: it is to have its turn. */
  #isAnnounced = false;
  #ended = false;

  /** @throws RingError when it is no memory of rings */
  constructor(appends: SharedArrayBuffer, answers: SharedArrayBuffer, user: RingUser) {
    this.#appends = new RingConsumer(appends);
    this.#answers = new RingProducer(answers);
    this.#user = user;
    this.#serve().catch((error: Error) => this.#break(error));
  }

  /** Takes all that was published until now; before a message is looked at, so that order is kept. */
  take(): void {
    if (this.#ended) return;
    const entries: ArrayBuffer[] = [];
    let taken = 0;
    try {
      for (let length = this.#appends.next(); length >= 0; length = this.#appends.next()) {
        const entry = new ArrayBuffer(length);
        taken++;
        this.#appends.take(new Uint8Array(entry));
        if (length > 0) entries.push(entry);
        else this.#isAnnounced = true;
      }
      if (taken > 0) this.#appends.settle(this.#appends.taken);
    } catch (error) {
      this.#break(error as Error);
    }
    this.#unanswered += entries.length;
    for (const entry of entries) this.#user.onEntry(entry);
  }

  /** An entry has its answer. True: it went by ring; false: by message it has to go. */
  answered(answer?: AppendedMessage): boolean {
    this.#unanswered--;
    if (this.#ended || answer === undefined) return false;
    try {
      const place = this.#answers.reserve(ANSWER_ENTRY_BYTES);
      if (place === undefined) return false;
      writeAnswerEntry(place.bytes, answer);
      place.commit();
      this.#answers.wake();
      return true;
    } catch (error) {
      this.#break(error as Error);
      return false;
    }
  }

  /** Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#turn.close();
    this.#appends.heard();
  }

  async #serve(): Promise<void> {
    const appends = this.#appends;
    /** The last record came within a moment: so may the next. */
    let isLively = false;
    let turnDueMs = 0;
    while (!this.#ended) {
      this.take();
      for (let step = 0; step < SETTLING_STEPS; step++) await Promise.resolve();
      if (this.#isAnnounced || this.#unanswered > 0 || performance.now() >= turnDueMs) {
        this.#isAnnounced = false;
        await this.#turn.next();
        // Moved by a turn alone: a sleep may end without one, when the bell is rung again and again.
        turnDueMs = performance.now() + TURN_EVERY_MS;
      }
      if (this.#ended || appends.next() >= 0) continue;
      const sinceMs = performance.now();
      const mayStand = isLively && this.#unanswered === 0 && this.#user.mayStandStill();
      if (mayStand && appends.block(STAND_MS)) continue;
      await appends.wait(HEARTBEAT_MS);
      isLively = appends.next() > 0 && performance.now() - sinceMs < STAND_MS;
    }
  }

  #break(error: Error): void {
    if (this.#ended) return;
    this.end();
    this.#user.onBroken(error);
  }
}
