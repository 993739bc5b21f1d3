/**
 * Every error a user can meet: a stable code, facts, and for appends what became of them.
 * Messages may change between versions; codes and the names of facts may not.
 */

/** An error that leaves the engine without a message of its own carries its sentence; pages are spared the list. */
export const ENGINE_CODES = {
  ABORTED: 'The caller’s AbortSignal fired. For an append that was sent the outcome is unknown.',
  BAD_ARGUMENT: 'An argument has the wrong type or is out of range.',
  BAD_MESSAGE: 'A message between page and worker was malformed, oversized or out of order.',
  CLOSED: 'The store was closed.',
  CONFLICT: 'Compare-and-append: the log’s last LSN is not the expected one.',
  CONTEXT_UNSUPPORTED:
    'This context (server, service worker, content script …) cannot own a store; `varve/service-worker` appends from one, `varve/reader` reads.',
  CORRUPT: 'Bytes that were once flushed are damaged. Facts give the LSN range.',
  IO_ERROR: 'The platform failed to read or write.',
  KEY_REUSED:
    'Another value was appended under this key before. Facts give its LSN; this one was not written.',
  LEADER_LOST: 'The tab that owned the store went away and the call cannot be repeated.',
  LEADER_UNRESPONSIVE: 'The tab that owns the store is stopped and does not give it back.',
  NOT_FOUND: 'There is no store of this name, or no record of this LSN.',
  OUTCOME_UNKNOWN: 'Whether this append happened cannot be known any more.',
  OVERLOADED: 'The queue is past its high-water mark.',
  POISONED: 'A write or flush failed; the store did not come back in a fresh generation.',
  QUOTA_EXCEEDED: 'The origin’s quota or the disk is full.',
  READER_LAGGED: 'History was trimmed before this reader got to it.',
  READ_ONLY: 'The store was opened read-only (damage, or features this version cannot write).',
  RECORD_TOO_LARGE: 'A record is larger than the limit.',
  SNAPSHOT_EXISTS: 'The volume has a snapshot of this name.',
  SNAPSHOT_LIMIT: 'A volume has at most 64 snapshots, those being deleted included.',
  STATE_TOO_LARGE: 'A checkpoint’s state is larger than the reserve guarantees.',
  STORAGE_DENIED: 'The browser refuses storage here. Facts name which part.',
  STORE_BUSY: 'Another tab, worker or process holds the store.',
  STORE_FULL: 'The store has reached its own size limit.',
  STORE_LOST: 'The witness says this store existed; its files are gone.',
  TRIMMED: 'The history asked for was trimmed away.',
  UNIT_LIMIT: 'Too many open streams, or one is too long.',
  UNSUPPORTED_VERSION: 'The store or the peer speaks a version this build does not know.',
  VOLUME_FULL: 'The volume’s chunk pool has no free chunk left. Nothing was written.',
} as const;

/** Of these the engine knows nothing. */
const PAGE_CODES = {
  CODEC_REFUSED: 'The codec cannot store this value without changing it.',
  SCHEMA_REFUSED: 'The schema hook refused the value.',
  TIMEOUT: 'The deadline passed.',
  WORKER_DIED: 'The worker ended while calls were waiting.',
  WORKER_LOAD_FAILED: 'The worker script did not load or did not answer.',
} as const;

/** Each code with the sentence that the docs print: `docs/ERRORS.md` is generated from here. */
export const ERROR_CODES = { ...ENGINE_CODES, ...PAGE_CODES };

export type ErrorCode = keyof typeof ERROR_CODES;

/** What became of an append that failed. */
export type Outcome = 'not-written' | 'unknown';

export type Facts = Readonly<Record<string, string | number | boolean | null>>;

export interface VarveErrorOptions {
  readonly facts?: Facts | undefined;
  readonly outcome?: Outcome | undefined;
  readonly cause?: unknown;
}

/** The only error class that leaves Varve (besides broken invariants, which are our bugs). */
export class VarveError extends Error {
  override readonly name = 'VarveError';
  readonly code: ErrorCode;
  /** Plain facts: LSN ranges, limits, names. */
  readonly facts: Facts;
  /** On append errors: `not-written` is a promise, `unknown` asks the caller to look before repeating. */
  readonly outcome: Outcome | undefined;

  constructor(code: ErrorCode, message?: string, options: VarveErrorOptions = {}) {
    super(
      message ? `${code}: ${message}` : code,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.facts = options.facts ?? {};
    this.outcome = options.outcome;
  }
}

/** The same error with the fate of an append added. */
export function withOutcome(error: VarveError, outcome: Outcome): VarveError {
  const { code, message, facts, cause } = error;
  if (error.outcome === outcome) return error;
  return new VarveError(code, message.slice(code.length + 2), { facts, outcome, cause });
}

export function isVarveError(error: unknown, code?: ErrorCode): error is VarveError {
  return error instanceof VarveError && (code === undefined || error.code === code);
}
