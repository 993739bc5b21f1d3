/**
 * A volume's relay.
 *
 * Always true:
 * - a change is sent to one leader only. When its link ends without an answer nobody knows whether it
 *   happened, or will: LEADER_UNRESPONSIVE, `unknown`; or, once that leader has nothing any more and it
 *   will not, LEADER_LOST. To send it again could undo what others have written since
 * - a change that the leader has not heard, or has turned away because it is leaving, was not sent
 * - whatever changes nothing is asked again
 */
import { VarveError, fromWire, isVolumeChange, volumeCallBytes } from '@varve/protocol';
import type { FailedMessage, ToFollower, ToVolumeLeader, VolumeStatus } from '@varve/protocol';
import {
  Moved,
  Relay,
  type RelayContext,
  type Waiting,
  type Window,
  expected,
  unresponsive,
} from './relay.ts';
import type { DeskRequest } from './volume-desk.ts';

/** A leader takes more (`volume-guest.ts`): what it refuses is not ours. */
const WINDOW: Window = { questions: 64, bytes: 16 * 1024 * 1024 };

/** So long a leader's last words may take, once another leads: a lock may be quicker than a message. */
const LAST_WORDS_MS = 200;
/** … and so long, when it is us who leave: a page that is hidden has so much time. */
const LEAVING_MS = 2_000;

export class VolumeRelay extends Relay<ToVolumeLeader> {
  readonly #context: RelayContext;
  /** The leader of the link has nothing any more. */
  #isOver = false;
  #tellSettled = (): void => undefined;

  constructor(context: RelayContext) {
    super(context, 'volume', { kind: 'bye' }, WINDOW);
    this.#context = context;
  }

  /** @param on the link that it makes sense on; undefined: any */
  async call(request: DeskRequest, on?: number): Promise<unknown> {
    const isChange = isVolumeChange(request);
    const answer = await this.ask({
      bodyFor: (link) =>
        on === undefined || on === link ? { kind: 'call', id: 0, request } : undefined,
      outcome: isChange ? 'unknown' : undefined,
      bytes: volumeCallBytes(request),
      onSettled: () => this.#look(),
    });
    const { answer: result } = expected(answer, 'answered');
    if (!result.ok) throw fromWire(result.error);
    if (request.method !== 'volumeStatus') return result.value;
    const volume = result.value as VolumeStatus;
    return { ...volume, role: 'follower', store: this.asFollower(volume.store) };
  }

  /**
   * Until the leader has told what became of all changes, or has left, or is late.
   * @param reason absent: the leader has nothing any more
   */
  override settle(reason?: unknown): Promise<void> | undefined {
    this.#isOver = reason === undefined;
    // Who leaves for good has waited for its answers already, or cannot.
    const mayWait = this.#isOver || reason instanceof Moved;
    if (!mayWait || !this.link.isWelcome || !this.isOwed()) return undefined;
    this.link.cease();
    return new Promise((resolve) => {
      this.#tellSettled = resolve;
      this.#context.host.timers.after(this.#isOver ? LAST_WORDS_MS : LEAVING_MS, resolve);
    });
  }

  isOwed(): boolean {
    return [...this.waiting.values()].some((waiting) => this.#isOut(waiting));
  }

  override unlinked(heard = Infinity): void {
    const { host, name } = this.#context;
    const silentMs = Math.floor(host.clock.nowMs() - this.link.heardMs);
    const isOver = this.#isOver || heard < Infinity;
    this.#isOver = false;
    for (const [id, waiting] of this.waiting) {
      if (!this.#isOut(waiting)) continue;
      // What the leader did not hear was not sent.
      if (waiting.sentAs! >= heard) waiting.sentOn = 0;
      else this.end(id, waiting, isOver ? leaderLost() : unresponsive(name, silentMs, 'unknown'));
    }
    this.#tellSettled();
  }

  override heard(message: ToFollower): void {
    if (isTurnedAway(message)) this.#turnedAway(message.id);
    else super.heard(message);
  }

  /** It waits for the next leader. */
  #turnedAway(id: number): void {
    const waiting = this.waiting.get(id);
    if (waiting !== undefined) waiting.sentOn = 0;
    this.#look();
  }

  /** A change that was sent on the link that stands. */
  #isOut({ outcome, sentOn }: Waiting<ToVolumeLeader>): boolean {
    return outcome !== undefined && sentOn === this.link.number;
  }

  #look(): void {
    if (!this.link.isOpen && !this.isOwed()) this.#tellSettled();
  }
}

/** Nobody can tell any more whether it happened. */
export function leaderLost(): VarveError {
  return new VarveError('LEADER_LOST', undefined, { outcome: 'unknown' });
}

function isTurnedAway(answer: ToFollower): answer is FailedMessage {
  if (answer.kind !== 'failed') return false;
  const { code, outcome } = answer.error;
  return code === 'CLOSED' && outcome !== 'unknown';
}
