/** The `varve` command. Everything it prints goes through `Terminal`; every end is an `Exit`. */
import { existsSync, readFileSync } from 'node:fs';
import { isVarveError } from '@varve/protocol';
import { parseCommand } from './arguments.ts';
import { COMMANDS } from './commands.ts';
import { CommandError, Exit, exitOf, type ExitCode, usage } from './exit.ts';
import { commandHelp, generalHelp } from './help.ts';
import { Terminal } from './terminal.ts';

export async function main(args: readonly string[]): Promise<ExitCode> {
  const terminal = new Terminal();
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    const hint = error instanceof CommandError ? error.hint : undefined;
    terminal.error(explain(error), hint);
    return exitOf(error);
  }
}

async function dispatch([name, ...rest]: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const topic = name === 'help' && rest[0] !== undefined ? COMMANDS[rest[0]] : undefined;
    await terminal.print(topic === undefined ? generalHelp() : commandHelp(rest[0]!, topic));
    return name === undefined ? Exit.Usage : Exit.Ok;
  }
  if (name === '--version' || name === '-v') {
    await terminal.print(version());
    return Exit.Ok;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const names = Object.keys(COMMANDS).join(', ');
    throw usage(
      `there is no command ${JSON.stringify(name)}`,
      `There are: ${names}. See varve --help.`,
    );
  }
  const parsed = parseCommand(name, command, rest);
  if (parsed.values['help'] === true) {
    await terminal.print(commandHelp(name, command));
    return Exit.Ok;
  }
  return command.run(parsed, terminal);
}

/** The manifest lies beside what was built, or one above the sources. */
function version(): string {
  const here = ['./package.json', '../package.json'].map((path) => new URL(path, import.meta.url));
  const manifest: unknown = JSON.parse(
    readFileSync(
      here.find((url) => existsSync(url))!,
      'utf8',
    ),
  );
  return (manifest as { version: string }).version;
}

/** One sentence; the facts of our own errors say where. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isVarveError(error)) return error.message;
  const facts = Object.entries(error.facts).map(([key, value]) => `${key} ${String(value)}`);
  return facts.length === 0 ? error.message : `${error.message} (${facts.join(', ')})`;
}
