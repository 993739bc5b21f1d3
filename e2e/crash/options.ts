/** What `npm run crash` was asked for. */
import { parseArgs } from 'node:util';
import type { BrowserName } from '@varve/crashkit/playwright';
import { KINDS, type Kind } from '../harness/plan.ts';
import { UsageError } from './usage-error.ts';

export const USAGE = `npm run crash -- [options]

  --kills N          how many (default 50)
  --seed S           a number; the same seed kills in the same ways (default: from the clock)
  --from K           begin with kill K of the seed (rounded down to the first of its store)
  --browser NAME     chromium (default) or firefox
  --kinds A,B,…      of ${KINDS.join(', ')} (default: all)
  --subject NAME     varve (default) or raw: the control
  --broken NAME      a run that should fail: ack-before-write, never-flush, no-checksums,
                     unnamed-checkpoint, live-slot-reused
  --controls N       instead: the broken builds with N seeds each, as the lane of npm test runs
  --recovery N       instead: how long opening takes after a kill, N times
  --failovers N      instead: N deaths of the leader of 2 to 4 tabs that append throughout (with --seed,
                     --from, --browser, --kinds, --ports, --json FILE, --resume; --calm: one append
                     at a time, for takeover times; --raw: takeovers without Varve, to compare; kinds:
                     renderer, close, navigate, worker, busy; --broken append-twice,
                     ack-before-write, unstamped-resend)
  --isolated         serve the page cross-origin isolated
  --json FILE        write rows and failures there, after every kill
  --resume           go on where FILE ends (same seed)
  --images N         the simulated lane instead: power loss, in Node, no browser
                     (with --seed, --profile A,B, --minutes M, --workers W, --json FILE, --resume)
  --subject volume --images N  the same lane over volumes (same options; --replay volume:… for one
                     image again); with --planted [--only X]: deliberate bugs of the volume
  --exhaustive       that lane's sequences of up to three operations alone, every subset of up to 12
                     things in flight at each of their crashes (same options; ends with the last)
  --replay ID        one image of that lane again, by the id that a violation prints
  --tabs N           N seeds of 2 to 8 tabs with their engines on one simulated machine, in Node
                     (--seed S, --minutes M, --workers W, --json FILE, --resume); --replay tabs:…
                     for one case again; with --planted: deliberate bugs, each of which it must catch
  --tabs N --subject volume  the same with tabs that have a volume open; --replay volume-tabs:…
  --damage           every bit, sector, swap and older version of stores at rest, in Node
                     (with --seed, --minutes M, --workers W, --only KIND, --json FILE, --resume)
  --fuzz N           N hostile inputs for the decoders (same options)
  --mutants N        N automatic mutants, nine of ten of which must be killed (same options)
  --ring N           N operations of two threads over the ring in shared memory, a tenth of that
                     with a producer that scribbles, and planted bugs (--seed S, --json FILE)
  --planted          deliberate bugs, each of which the simulated lane must catch (--json FILE)`;

export interface CrashOptions {
  readonly kills: number;
  readonly seed: number;
  readonly from: number;
  readonly browser: BrowserName;
  readonly kinds: readonly Kind[];
  readonly subject: string;
  readonly broken: string | undefined;
  readonly isolated: boolean;
  /** How many seeds each control is run with, instead of a run of kills. */
  readonly controls: number | undefined;
  /** How often opening after a kill is timed, instead of a run of kills. */
  readonly recovery: number | undefined;
  readonly jsonPath: string | undefined;
  readonly resume: boolean;
}

function count(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new UsageError(`--${name} ${text}: a whole number`);
  return value;
}

function oneOf<T extends string>(text: string, choices: readonly T[], name: string): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new UsageError(`--${name} ${text}: one of ${choices.join(', ')}`);
  return found;
}

export function parseCrashOptions(args: readonly string[]): CrashOptions {
  const { values } = parse(args);
  const kinds = values.kinds?.split(',').map((kind) => oneOf(kind, KINDS, 'kinds'));
  if (values.resume === true && values.json === undefined)
    throw new UsageError('--resume needs --json');
  return {
    kills: count(values.kills ?? '50', 'kills'),
    seed: values.seed === undefined ? Date.now() % 2 ** 31 : count(values.seed, 'seed'),
    from: count(values.from ?? '0', 'from'),
    browser: oneOf(values.browser ?? 'chromium', ['chromium', 'firefox'], 'browser'),
    kinds: kinds ?? KINDS,
    subject: oneOf(values.subject ?? 'varve', ['varve', 'raw'], 'subject'),
    broken: values.broken,
    isolated: values.isolated ?? false,
    controls: values.controls === undefined ? undefined : count(values.controls, 'controls'),
    recovery: values.recovery === undefined ? undefined : count(values.recovery, 'recovery'),
    jsonPath: values.json,
    resume: values.resume ?? false,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    kills: text,
    seed: text,
    from: text,
    browser: text,
    kinds: text,
    subject: text,
    broken: text,
    controls: text,
    recovery: text,
    isolated: flag,
    json: text,
    resume: flag,
  };
  try {
    return parseArgs({ args: [...args], options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
