/**
 * Errors as plain data, so that code, facts, outcome, causes and stack survive the way between
 * threads (structured clone drops the first four, comlink drops the causes as well).
 *
 * Always true:
 * - `toWire` never throws, whatever was thrown; `fromWire` never throws, whatever arrives
 */
import { ERROR_CODES, VarveError } from './errors.ts';
import type { ErrorCode, Facts, Outcome } from './errors.ts';

export interface WireError {
  /** Absent: not one of ours; `name` then says what it was. */
  readonly code?: ErrorCode;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly facts?: Facts;
  readonly outcome?: Outcome;
  readonly cause?: WireError;
}

/** A chain of causes is cut here: it may be a ring. */
const CAUSES_MAX = 8;

export function toWire(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    name,
    message: message in ERROR_CODES ? `${message}: ${ERROR_CODES[message as ErrorCode]}` : message,
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && depth < CAUSES_MAX && { cause: toWire(cause, depth + 1) }),
    ...(error instanceof VarveError && {
      code: error.code,
      facts: error.facts,
      ...(error.outcome !== undefined && { outcome: error.outcome }),
    }),
  };
}

export function fromWire(wire: WireError, depth = 0): Error {
  const { code, name, message, stack, facts, outcome, cause: wireCause } = fieldsOf(wire);
  const cause =
    wireCause === undefined || depth >= CAUSES_MAX
      ? undefined
      : fromWire(wireCause as WireError, depth + 1);
  const text = typeof message === 'string' ? message : '';
  let error: Error;
  if (typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)) {
    error = new VarveError(code as ErrorCode, text.slice(code.length + 2), {
      ...(typeof facts === 'object' && facts !== null && { facts: facts as Facts }),
      ...((outcome === 'unknown' || outcome === 'not-written') && { outcome }),
      cause,
    });
  } else {
    error = new Error(text, cause && { cause });
    error.name = typeof name === 'string' ? name : 'Error';
  }
  if (typeof stack === 'string') error.stack = stack;
  return error;
}

/** What claims to be an error may be anything: whoever is on the other side may be broken. */
function fieldsOf(wire: unknown): Partial<Record<keyof WireError, unknown>> {
  return typeof wire === 'object' && wire !== null ? wire : {};
}

/** Anything thrown, as an error with a code: what is not ours becomes `IO_ERROR` with its cause. */
export function asVarveError(error: unknown): VarveError {
  if (error instanceof VarveError) return error;
  return new VarveError('IO_ERROR', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
