/**
 * A volume's relay.
 *
 * Always true:
 * - a change is sent to one leader only. When its link ends without an answer nobody knows whether it
 *   happened: LEADER_LOST, `unknown`. To send it again could undo what others have written since
 * - a change that the leader has not heard, or has turned away because it is leaving, was not sent
 * - whatever changes nothing is asked again
 */
import { fromWire, isVolumeChange, volumeCallBytes } from '@varve/protocol';
import type { ToFollower, ToVolumeLeader, VolumeStatus } from '@varve/protocol';
import { Relay, type RelayContext, type Window, expected } from './relay.ts';
import type { DeskRequest } from './volume-desk.ts';

/** A leader takes more (`volume-guest.ts`): what it refuses is not ours. */
const WINDOW: Window = { questions: 64, bytes: 16 * 1024 * 1024 };

export class VolumeRelay extends Relay<ToVolumeLeader> {
  constructor(context: RelayContext) {
    super(context, 'volume', { kind: 'bye' }, WINDOW);
  }

  /** Of the link that stands: what is open at a leader ends with it. */
  get linkNumber(): number {
    return this.link.number;
  }

  /** @param on the link that it makes sense on; undefined: any */
  async call(request: DeskRequest, on?: number): Promise<unknown> {
    const isOnce = isVolumeChange(request);
    const answer = await this.ask({
      bodyFor: (link) =>
        on === undefined || on === link ? { kind: 'call', id: 0, request } : undefined,
      isOnce,
      outcome: isOnce ? 'unknown' : undefined,
      bytes: volumeCallBytes(request),
      isTurnedAway,
    });
    const { answer: result } = expected(answer, 'answered');
    if (!result.ok) throw fromWire(result.error);
    return request.method === 'volumeStatus' ? asFollower(result.value) : result.value;
  }
}

function isTurnedAway(answer: ToFollower): boolean {
  if (answer.kind !== 'failed') return false;
  const { code, outcome } = answer.error;
  return code === 'CLOSED' && outcome !== 'unknown';
}

function asFollower(status: unknown): VolumeStatus {
  const volume = status as VolumeStatus;
  return { ...volume, role: 'follower', store: { ...volume.store, role: 'follower' } };
}
