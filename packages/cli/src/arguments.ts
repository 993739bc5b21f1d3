/** The command line: which command, and its options, checked. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { usage } from './exit.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

export interface Command {
  /** What follows `varve <name>` in the usage line. */
  readonly synopsis: string;
  readonly summary: string;
  /** Option lines of the help. */
  readonly details: readonly string[];
  readonly options: Options;
  /** How many positionals it takes. */
  readonly positionals: readonly [min: number, max: number];
}

export interface Parsed {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

export function parseCommand(name: string, command: Command, args: readonly string[]): Parsed {
  const hint = `varve ${name} ${command.synopsis}`;
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' }, ...command.options },
      allowPositionals: true,
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw usage(text.replace(/\. To specify.*$/s, ''), `usage: ${hint}`);
  }
  const values = parsed.values as Parsed['values'];
  const [min, max] = command.positionals;
  const given = parsed.positionals.length;
  if (values['help'] !== true && (given < min || given > max)) {
    const wrong =
      given > max
        ? `${parsed.positionals[max]} is one argument too many`
        : `${name} needs more arguments`;
    throw usage(wrong, `usage: ${hint}`);
  }
  return { positionals: parsed.positionals, values };
}

/** A whole number of at least `min`. @throws CommandError */
export function wholeNumber(
  { values }: Parsed,
  option: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const text = values[option];
  if (typeof text !== 'string') return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
  throw usage(`--${option} is a whole number ${range}, not ${JSON.stringify(text)}`);
}

export function oneOf<T extends string>(
  { values }: Parsed,
  option: string,
  choices: readonly T[],
): T | undefined {
  const text = values[option];
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw usage(`--${option} is one of ${choices.join(', ')}, not ${JSON.stringify(text)}`);
}
