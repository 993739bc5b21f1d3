/**
 * Reads and writes that move every byte, or fail.
 *
 * The platform may move fewer bytes than asked without an error: a short read inside the file is a
 * fault (never "the end of the log"), a short write is a failed write.
 */
import { faultOf, type SyncFile } from '@varve/files';
import { VarveError } from '@varve/protocol';

/** Reads exactly `into.length` bytes at `at`. @throws VarveError IO_ERROR */
export function readExactly(file: SyncFile, into: Uint8Array, at: number): void {
  let moved: number;
  try {
    moved = file.read(into, { at });
  } catch (cause) {
    throw new VarveError('IO_ERROR', 'reading the journal failed', {
      facts: { at, bytes: into.length },
      cause,
    });
  }
  if (moved !== into.length) {
    throw new VarveError('IO_ERROR', 'a read inside the journal came back short', {
      facts: { at, bytes: into.length, moved },
    });
  }
}

/** Writes exactly `bytes` at `at`, in one call. @throws VarveError IO_ERROR, QUOTA_EXCEEDED */
export function writeExactly(file: SyncFile, bytes: Uint8Array, at: number): void {
  let moved: number;
  try {
    moved = file.write(bytes, { at });
  } catch (cause) {
    throw failedIo(cause, 'writing the journal failed', { at, bytes: bytes.length });
  }
  if (moved !== bytes.length) {
    throw new VarveError('IO_ERROR', 'a write came back short', {
      facts: { at, bytes: bytes.length, moved },
    });
  }
}

/** A platform's error as ours: no space has a code of its own. */
export function failedIo(
  cause: unknown,
  message: string,
  facts: Record<string, number | string> = {},
): VarveError {
  if (cause instanceof VarveError) return cause;
  const fault = faultOf(cause);
  return new VarveError(fault === 'no-space' ? 'QUOTA_EXCEEDED' : 'IO_ERROR', message, {
    facts: { ...facts, fault },
    cause,
  });
}

/**
 * A write or flush of the journal did not fully succeed: this generation is over, and nothing more
 * may be acknowledged in it. Whoever owns the store reopens it; a retry proves nothing.
 */
export class GenerationFault extends Error {
  override readonly name = 'GenerationFault';
  override readonly cause: VarveError;

  constructor(cause: VarveError) {
    super(cause.message);
    this.cause = cause;
  }
}

/** Runs an operation whose failure ends the generation. */
export function orEndGeneration<T>(operation: () => T, message: string): T {
  try {
    return operation();
  } catch (cause) {
    if (cause instanceof GenerationFault) throw cause;
    throw new GenerationFault(failedIo(cause, message));
  }
}
