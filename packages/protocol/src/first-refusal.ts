/**
 * Which part of storage is refused, told apart from a machine that is merely slow.
 *
 * Always true:
 * - a part that throws, rejects or is missing is refused: that is said at once
 * - silence is no refusal: browsers refuse in words, and are silent for seconds when they are busy. A
 *   part is given `PATIENCE_MS`, and then until the asking context was seen running twice
 * - it settles: with the first refusal, or with undefined when every part has answered
 */
import { VarveError } from './errors.ts';

/** As an error's facts tell it. */
export type Refusal = {
  readonly part: string;
  /** `missing`, `no-answer`, or the platform's words. */
  readonly reason: string;
};

/** How each part is asked. The order decides who is named when several are silent. */
export type StorageAsks = Readonly<Record<string, () => unknown>>;

export interface RefusalTimes {
  readonly nowMs: () => number;
  readonly after: (delayMs: number, task: () => void) => unknown;
}

const TICK_MS = 50;
/** Chromium was seen to answer nothing of OPFS for 3 s after an origin had been cleared. */
export const PATIENCE_MS = 5000;

export function firstRefusal(
  asks: StorageAsks,
  { nowMs, after }: RefusalTimes,
): Promise<Refusal | undefined> {
  return new Promise((resolve) => {
    const silent = new Set(Object.keys(asks));
    const startMs = nowMs();
    let wasDue = false;
    for (const [part, ask] of Object.entries(asks)) {
      (async () => ask())().then(
        () => {
          silent.delete(part);
          if (silent.size === 0) resolve(undefined);
        },
        (error: unknown) =>
          // What is not there cannot be called.
          resolve({ part, reason: error instanceof TypeError ? 'missing' : String(error) }),
      );
    }
    const look = (): void => {
      const [part] = silent;
      if (part === undefined) return;
      const isDue = nowMs() - startMs >= PATIENCE_MS;
      // After a pause of this very context, answers may stand in its queue: they are heard first.
      if (isDue && wasDue) return resolve({ part, reason: 'no-answer' });
      wasDue = isDue;
      after(TICK_MS, look);
    };
    after(TICK_MS, look);
  });
}

/** It is called `null` on `file:` and in a frame that is sandboxed away from its own. */
const isOriginOpaque = (): boolean => (globalThis as { origin?: unknown }).origin === 'null';

export function storageDenied(refusal: Refusal, cause?: unknown): VarveError {
  return new VarveError(
    'STORAGE_DENIED',
    `${refusal.part} is refused; ${
      isOriginOpaque()
        ? 'file: needs a scheme of its own, a sandbox allow-same-origin'
        : "a page of its own, not private, has it, or fallback: 'memory'"
    }`,
    { facts: refusal, outcome: 'not-written', cause },
  );
}
