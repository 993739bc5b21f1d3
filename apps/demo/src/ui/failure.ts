/**
 * What went wrong, in words for the person in front of the screen.
 *
 * Varve's errors carry a stable code and facts; the sentences here say what to do about them.
 */

export interface Failure {
  /** Varve's code, or the error's name. */
  readonly code: string;
  readonly message: string;
  readonly outcome: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;
}

const ADVICE: Readonly<Record<string, string>> = {
  STORE_BUSY: 'Another tab has this store open. Close it there, then try again here.',
  STORAGE_DENIED:
    'This window may not store anything. Private windows often refuse: open the demo in a normal one.',
  STORE_LOST:
    'This logbook existed, but its files are gone: the browser or a person cleared this site’s data.',
  QUOTA_EXCEEDED:
    'The disk or this site’s quota is full. What was saved stays readable; free some space and try again.',
  VOLUME_FULL:
    'The volume’s pool of chunks is full, and nothing was written. Delete a snapshot, or start over.',
  SNAPSHOT_LIMIT: 'A volume has at most 64 snapshots. Delete one first.',
  STORE_FULL: 'The store has reached its own limit.',
  WORKER_LOAD_FAILED: 'The worker script did not start. Reload the page once you are online.',
  WORKER_DIED:
    'The worker ended. The demo opens the store again; look whether the entry is there before repeating it.',
  LEADER_UNRESPONSIVE:
    'The tab that leads holds the store but does not answer: it may be stopped or busy. Nothing is lost; close that tab and this one takes over.',
  LEADER_LOST:
    'The tab that led went away in the middle of this, and it cannot be asked again by itself. Try again.',
  OUTCOME_UNKNOWN: 'Whether this was written cannot be known any more. Look before repeating it.',
  CORRUPT: 'Bytes that had been stored were damaged.',
  UNSUPPORTED_VERSION: 'This store was written by a newer version.',
};

export function failureOf(error: unknown): Failure {
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
    const outcome =
      'outcome' in error && typeof error.outcome === 'string' ? error.outcome : undefined;
    const facts =
      'facts' in error && typeof error.facts === 'object' && error.facts !== null
        ? (error.facts as Readonly<Record<string, unknown>>)
        : {};
    return { code, message: error.message, outcome, facts };
  }
  return { code: 'UNKNOWN', message: String(error), outcome: undefined, facts: {} };
}

export function sentenceOf(error: unknown): string {
  const failure = failureOf(error);
  const advice = ADVICE[failure.code];
  return advice === undefined ? failure.message : `${advice} (${failure.code})`;
}

export const hasCode = (error: unknown, code: string): boolean => failureOf(error).code === code;
