/**
 * Errors as plain data, so that code, facts, outcome, causes and stack survive the way between
 * threads (structured clone drops the first four, comlink drops the causes as well).
 *
 * Always true:
 * - `toWire` never throws, whatever was thrown; `fromWire` never throws, whatever arrives
 */
import { ENGINE_CODES, VarveError } from './errors.ts';
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
    message:
      message in ENGINE_CODES
        ? `${message}: ${ENGINE_CODES[message as keyof typeof ENGINE_CODES]}`
        : message,
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && depth < CAUSES_MAX && { cause: toWire(cause, depth + 1) }),
    ...(error instanceof VarveError && {
      code: error.code,
      facts: error.facts,
      ...(error.outcome !== undefined && { outcome: error.outcome }),
    }),
  };
}

/** Whoever is on the other side may be broken: what claims to be an error may be anything. */
export function fromWire(wire: unknown, depth = 0): Error {
  const { code, name, message, stack, facts, outcome, cause } = Object(wire) as Partial<WireError>;
  const deeper = cause && depth < CAUSES_MAX ? fromWire(cause, depth + 1) : undefined;
  const isOurs = typeof code === 'string';
  const error: Error = isOurs
    ? new VarveError(code, textOf(message).slice(code.length + 2), {
        facts: Object(facts) as Facts,
        // What is not a promise that nothing was written is none.
        outcome: outcome && (outcome === 'not-written' ? outcome : 'unknown'),
        cause: deeper,
      })
    : new Error(textOf(message), deeper && { cause: deeper });
  if (!isOurs) error.name = textOf(name);
  error.stack = textOf(stack);
  return error;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Anything thrown, as an error with a code: what is not ours becomes `IO_ERROR` with its cause. */
export function asVarveError(error: unknown): VarveError {
  if (error instanceof VarveError) return error;
  return new VarveError('IO_ERROR', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
