/** How the process ends, and what each end means. Numbers are documented: scripts depend on them. */
import { type ErrorCode, isVarveError } from '@varve/protocol';

export const Exit = {
  Ok: 0,
  /** Something that was once flushed is damaged or gone. */
  Damage: 1,
  /** The command line makes no sense, or names something that is not there. */
  Usage: 2,
  /** Not a store, or one of a version this build does not know. */
  Foreign: 3,
  /** It could not be done: in use, no permission, no space. */
  Failed: 4,
  /** As shells say it for SIGINT. */
  Interrupted: 130,
} as const;

export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** Ends the command with a message on stderr. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exit: ExitCode;
  /** What the user could do about it; printed below the message. */
  readonly hint: string | undefined;

  constructor(exit: ExitCode, message: string, hint?: string) {
    super(message);
    this.exit = exit;
    this.hint = hint;
  }
}

export const usage = (message: string, hint?: string): CommandError =>
  new CommandError(Exit.Usage, message, hint);

export const foreign = (message: string, hint?: string): CommandError =>
  new CommandError(Exit.Foreign, message, hint);

const EXIT_BY_CODE: Partial<Record<ErrorCode, ExitCode>> = {
  ABORTED: Exit.Interrupted,
  BAD_ARGUMENT: Exit.Usage,
  CONFLICT: Exit.Usage,
  NOT_FOUND: Exit.Usage,
  CORRUPT: Exit.Damage,
  STORE_LOST: Exit.Damage,
  UNSUPPORTED_VERSION: Exit.Foreign,
};

export function exitOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exit;
  return (isVarveError(error) && EXIT_BY_CODE[error.code]) || Exit.Failed;
}
