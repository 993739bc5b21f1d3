/**
 * One word for what went wrong in a file operation, whatever platform threw it.
 */
export type Fault = 'not-found' | 'busy' | 'denied' | 'no-space' | 'io';

/** Thrown by backends that have no platform error of their own to pass on. */
export class FileFault extends Error {
  override readonly name = 'FileFault';
  readonly fault: Fault;

  constructor(fault: Fault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.fault = fault;
  }
}

const FAULT_BY_NAME: Record<string, Fault> = {
  NotFoundError: 'not-found',
  NoModificationAllowedError: 'busy',
  SecurityError: 'denied',
  NotAllowedError: 'denied',
  UnknownError: 'denied',
  QuotaExceededError: 'no-space',
};

const FAULT_BY_ERRNO: Record<string, Fault> = {
  ENOENT: 'not-found',
  EBUSY: 'busy',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EFBIG: 'no-space',
};

/** The {@link Fault} behind anything a backend threw: by DOMException name, by errno, else `io`. */
export function faultOf(error: unknown): Fault {
  if (error instanceof FileFault) return error.fault;
  if (typeof error !== 'object' || error === null) return 'io';
  const { name, code } = error as { name?: unknown; code?: unknown };
  const byErrno = typeof code === 'string' ? FAULT_BY_ERRNO[code] : undefined;
  const byName = typeof name === 'string' ? FAULT_BY_NAME[name] : undefined;
  return byErrno ?? byName ?? 'io';
}
