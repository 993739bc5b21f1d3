/** Every command: its usage, its help, and the module that does it. */
import type { Command, Parsed } from './arguments.ts';
import { dump } from './commands/dump.ts';
import { exportStore } from './commands/export.ts';
import { importFile } from './commands/import.ts';
import { inspect } from './commands/inspect.ts';
import { stores } from './commands/stores.ts';
import { verify } from './commands/verify.ts';
import type { ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

export interface RunnableCommand extends Command {
  readonly run: (parsed: Parsed, terminal: Terminal) => Promise<ExitCode>;
}

const JSON_LINE = '--json          print one JSON document instead of text';

export const COMMANDS: Readonly<Record<string, RunnableCommand>> = {
  stores: {
    synopsis: '<root> [--json]',
    summary: 'list the stores in a folder',
    details: [JSON_LINE],
    options: { json: { type: 'boolean' } },
    positionals: [1, 1],
    run: stores,
  },
  inspect: {
    synopsis: '<store> [name] [--slot N] [--all] [--json]',
    summary: 'show superblocks, slots and what recovery would do, or a volume; writes nothing',
    details: [
      '--slot N        also the batches of slot N',
      '--all           of a volume every block and every chunk, nothing folded',
      JSON_LINE,
    ],
    options: { json: { type: 'boolean' }, slot: { type: 'string' }, all: { type: 'boolean' } },
    positionals: [1, 2],
    run: inspect,
  },
  verify: {
    synopsis: '<store> [name] [--json]',
    summary: 'check every byte that counts; writes nothing',
    details: [JSON_LINE],
    options: { json: { type: 'boolean' } },
    positionals: [1, 2],
    run: verify,
  },
  dump: {
    synopsis: '<store> [name] [--from N] [--to N] [--type T] [--channel C] [--raw]',
    summary: 'print records as JSON, one a line; writes nothing',
    details: [
      '--from N        first LSN',
      '--to N          last LSN',
      '--type T        only records of this type',
      '--channel C     only records of this channel',
      '--codec NAME    auto (default), structured, json, text or bytes',
      '--raw           the same as --codec bytes: payloads in base64',
      '--payload N     only the payload of record N, as it is, of any length',
    ],
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      type: { type: 'string' },
      channel: { type: 'string' },
      codec: { type: 'string' },
      raw: { type: 'boolean' },
      payload: { type: 'string' },
    },
    positionals: [1, 2],
    run: dump,
  },
  export: {
    synopsis: '<store> [name] -o FILE',
    summary: 'copy a store into one file, which a browser or another machine can import',
    details: [
      '-o, --output FILE   where to; - is stdout',
      '--force             replace FILE if it is there',
    ],
    options: {
      output: { type: 'string', short: 'o' },
      force: { type: 'boolean' },
    },
    positionals: [1, 2],
    run: exportStore,
  },
  import: {
    synopsis: 'FILE <root> <name>',
    summary: 'make a new store from an export; everything in it is verified first',
    details: ['FILE may be - for stdin'],
    options: {},
    positionals: [3, 3],
    run: importFile,
  },
};
