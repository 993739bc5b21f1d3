/** Arguments of the lanes that need no browser. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { UsageError } from '../usage-error.ts';

const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;

export interface LaneArguments {
  readonly seed: number;
  /** How much is asked for: `--fuzz N`, `--mutants N`; 0: as much as there is. */
  readonly amount: number;
  readonly minutes: number;
  readonly workers: number;
  readonly json: string | undefined;
  readonly resume: boolean;
  /** Undefined: all that the lane has. */
  readonly profiles: readonly string[] | undefined;
  /** Only what has this in its name. */
  readonly only: string | undefined;
  /** What tabs have open: `varve`, a log, or `volume`. */
  readonly subject: string;
}

/** @throws UsageError */
export function laneArguments(args: readonly string[], lane: string): LaneArguments {
  const options: ParseArgsConfig['options'] = {
    [lane]: lane === 'damage' ? FLAG : TEXT,
    seed: TEXT,
    minutes: TEXT,
    workers: TEXT,
    json: TEXT,
    only: TEXT,
    ...(lane === 'images' && { profile: TEXT }),
    ...(lane === 'tabs' && { subject: TEXT }),
    resume: FLAG,
  };
  const values = parsed(args, options);
  const number = (name: string): number => {
    const value = values[name];
    const count = typeof value === 'string' ? Number(value) : 0;
    if (!(count >= 0)) throw new UsageError(`--${name} ${String(value)}: a number`);
    return count;
  };
  const text = (name: string): string | undefined =>
    typeof values[name] === 'string' ? values[name] : undefined;
  if (values['resume'] === true && text('json') === undefined)
    throw new UsageError('--resume needs --json');
  return {
    seed: number('seed') || 5,
    amount: number(lane),
    minutes: number('minutes'),
    workers: number('workers') || availableParallelism(),
    json: text('json'),
    resume: values['resume'] === true,
    profiles: text('profile')?.split(','),
    only: text('only'),
    subject: text('subject') ?? 'varve',
  };
}

function parsed(
  args: readonly string[],
  options: ParseArgsConfig['options'],
): Record<string, unknown> {
  try {
    return parseArgs({ args: [...args], options: options ?? {} }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

export function writeReport(path: string, value: unknown): void {
  writeFileSync(`${path}.part`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${path}.part`, path);
}

/**
 * What an earlier run left in the file, when it is to be resumed and the seed is the same.
 * @throws UsageError
 */
export function earlierReport<T extends { readonly seed: number }>({
  json,
  resume,
  seed,
}: Pick<LaneArguments, 'json' | 'resume' | 'seed'>): T | undefined {
  if (!resume || json === undefined) return undefined;
  let earlier: T;
  try {
    earlier = JSON.parse(readFileSync(json, 'utf8')) as T;
  } catch (error) {
    throw new UsageError(`--resume: ${json}: ${(error as Error).message}`);
  }
  if (earlier.seed !== seed) throw new UsageError(`${json} is of seed ${earlier.seed}`);
  return earlier;
}
