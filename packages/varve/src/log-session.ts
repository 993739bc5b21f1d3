/**
 * One open store in this page, shared by every handle that `openLog` gave out for its name.
 *
 * Always true:
 * - `status()` is the same object until something changes
 * - after the engine's death every handle learns it, and the next `openLog` starts afresh
 */
import { isVarveError } from '@varve/protocol';
import type {
  GivenRequest,
  Opened,
  OpenRequest,
  StatusMessage,
  StoreStatus,
  ToldEvent,
  VarveError,
} from '@varve/protocol';
import { appendQueue } from './append-queue.ts';
import type { AppendQueue } from './append-queue.ts';
import type { LogStatus, StateSnapshot } from './api.ts';
import type { EngineClient } from './engine-client.ts';
import type { Platform } from './platform.ts';

/** What a handle hears. */
export interface SessionListener {
  onStatus(): void;
  onEvent(event: ToldEvent): void;
  onCheckpointDue(): void;
  onDied(error: VarveError): void;
}

export type StateProvider = () => StateSnapshot | Promise<StateSnapshot>;

export interface LogSession {
  readonly name: string;
  readonly request: OpenRequest;
  readonly engine: EngineClient;
  readonly appends: AppendQueue;
  readonly listeners: Set<SessionListener>;
  status(): LogStatus;
  /** Asks the engine. @throws BAD_ARGUMENT when the store is open with other options than `given` */
  refresh(given?: GivenRequest): Promise<LogStatus>;
  /** Finishes what was appended, closes the store, ends the engine. Once. */
  close(): Promise<void>;
}

export function logSession(
  name: string,
  { request, status: first }: Opened,
  engine: EngineClient,
  platform: Platform,
  onDied: () => void,
): LogSession {
  const { control, data } = engine;
  const listeners = new Set<SessionListener>();
  let engineStatus = first;
  let known: LogStatus | undefined;
  /** Acknowledged, but not in a status yet: `status()` after an `await append` never lies behind it. */
  let ackedLsn = 0;
  let durableLsn = 0;
  const appends = appendQueue(data, request.queueBytes, (lsn, durability = request.durability) => {
    ackedLsn = Math.max(ackedLsn, lsn);
    if (durability === 'strict') durableLsn = Math.max(durableLsn, lsn);
    known = undefined;
  });
  data.onStatus = ({ status: now, events, checkpointDue }: StatusMessage) => {
    update(now);
    for (const event of events) tell((listener) => listener.onEvent(event));
    if (checkpointDue) tell((listener) => listener.onCheckpointDue());
  };
  const stopWatching = platform.watchPage(
    () => void park(),
    () => void refresh().catch(() => undefined),
  );
  engine.onDied = (error) => {
    stopWatching();
    onDied();
    ended();
    tell((listener) => listener.onDied(error));
  };
  return { name, request, engine, appends, listeners, status, refresh, close };

  /** Twice: after a pause of this very page the first deadline may pass before the answer is heard. */
  async function park(isAgain = false): Promise<void> {
    try {
      await control.call('park');
    } catch (error) {
      // What the engine refuses it is alive to refuse.
      if (!isVarveError(error, 'TIMEOUT')) return;
      if (isAgain) engine.giveUp(error);
      else await park(true);
    }
  }

  function tell(what: (listener: SessionListener) => void): void {
    for (const listener of [...listeners]) what(listener);
  }

  function status(): LogStatus {
    const { queue } = engineStatus;
    return (known ??= {
      ...engineStatus,
      name,
      lastLsn: Math.max(engineStatus.lastLsn, ackedLsn),
      durableLsn: Math.max(engineStatus.durableLsn, durableLsn),
      queue: {
        waitingAppends: queue.waitingAppends + appends.waitingAppends,
        waitingBytes: queue.waitingBytes + appends.waitingBytes,
        stalls: queue.stalls + appends.stalls,
      },
    });
  }

  async function refresh(given?: GivenRequest): Promise<LogStatus> {
    update(given ? (await control.call('open', name, given)).status : await control.call('status'));
    return status();
  }

  async function close(): Promise<void> {
    stopWatching();
    try {
      await appends.drained();
      await control.call('close');
    } catch (error) {
      // A dead engine has nothing left to close: its store is as a crash leaves it.
      if (!isVarveError(error, 'WORKER_DIED')) throw error;
    } finally {
      engine.end();
      ended();
    }
  }

  function update(now: StoreStatus): void {
    // What the browser says of its storage comes when it is asked for.
    engineStatus = { ...engineStatus, ...now };
    known = undefined;
    tell((listener) => listener.onStatus());
  }

  function ended(): void {
    update({ ...engineStatus, state: 'closed' });
  }
}
