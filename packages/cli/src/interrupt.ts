/** SIGINT and SIGTERM as an abort signal, for commands that have something to clean up. */
import { CommandError, Exit } from './exit.ts';

export interface Interrupt {
  /** @throws CommandError after a signal */
  check(): void;
  stop(): void;
}

export function onInterrupt(): Interrupt {
  let name: NodeJS.Signals | undefined;
  const note = (signal: NodeJS.Signals): void => {
    name = signal;
  };
  process.on('SIGINT', note);
  process.on('SIGTERM', note);
  return {
    check() {
      if (name !== undefined)
        throw new CommandError(Exit.Interrupted, 'interrupted; nothing was left behind');
    },
    stop() {
      process.off('SIGINT', note);
      process.off('SIGTERM', note);
    },
  };
}
