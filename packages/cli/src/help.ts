/** The texts of `--help`. */
import { COMMANDS, type RunnableCommand } from './commands.ts';
import { pairs } from './format.ts';

const EXITS = [
  ['0', 'all is well'],
  ['1', 'damage, or a store is lost: the message says which LSNs and where'],
  ['2', 'the command line, or nothing of that name is there'],
  ['3', 'not a store, or of a version this build does not know'],
  ['4', 'it could not be done: in use, no permission, no space'],
] as const;

export function generalHelp(): string {
  return [
    'varve: look at, check and move Varve stores',
    '',
    'usage: varve <command> …',
    '',
    ...pairs(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const)),
    '',
    '<store> is an export, the folder of one store, or a folder of stores (then name one of them).',
    'varve <command> --help says more. varve --version prints the version.',
    '',
    'exit codes:',
    ...pairs(EXITS),
  ].join('\n');
}

export function commandHelp(name: string, command: RunnableCommand): string {
  return [
    `varve ${name}: ${command.summary}`,
    '',
    `usage: varve ${name} ${command.synopsis}`,
    '',
    ...command.details.map((line) => `  ${line}`),
  ]
    .join('\n')
    .trimEnd();
}
