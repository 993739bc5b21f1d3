/** The command line. Anything it does not know is refused by name. */
import { parseArgs } from 'node:util';

export interface RunOptions {
  readonly quick: boolean;
  readonly only: readonly string[] | undefined;
  readonly subjects: readonly string[] | undefined;
  readonly lanes: readonly string[];
  readonly jsonPath: string | undefined;
  readonly htmlPath: string | undefined;
  readonly markdownPath: string | undefined;
  readonly rounds: number;
  readonly blockMs: number;
  readonly isolated: boolean;
  readonly list: boolean;
  readonly heap: boolean;
  readonly volumes: boolean;
  readonly tabs: boolean;
}

export const USAGE = `npm run bench -- [options]
  --quick               fewer, shorter blocks
  --only WORK[,WORK]    only these works
  --subjects a,b        only these subjects
  --lane browser|node   only this lane (default: both)
  --json FILE           everything measured, as JSON
  --html FILE           a report with plots, one self-contained file
  --markdown FILE       put the figures between the markers of this file
  --rounds N            blocks of each subject (default 15, quick 7)
  --block-ms N          how long a block lasts (default 200, quick 60)
  --not-isolated        serve the page without cross-origin isolation
  --heap                what appends and replays allocate, by function (Node; --only takes its paths)
  --volumes             volumes against a raw file, instead of logs
  --tabs                four tabs that append to one log, and what a follower's append costs (Chromium)
  --list                names of works and subjects`;

export function parseOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      subjects: { type: 'string' },
      lane: { type: 'string' },
      json: { type: 'string' },
      html: { type: 'string' },
      markdown: { type: 'string' },
      rounds: { type: 'string' },
      'block-ms': { type: 'string' },
      'not-isolated': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      heap: { type: 'boolean', default: false },
      volumes: { type: 'boolean', default: false },
      tabs: { type: 'boolean', default: false },
    },
  });
  const everyLane = values.tabs ? ['browser'] : ['browser', 'node'];
  const lanes = values.lane === undefined ? everyLane : names(values.lane);
  for (const lane of lanes) known(lane, ['browser', 'node'], 'lane');
  return {
    quick: values.quick,
    only: values.only === undefined ? undefined : names(values.only),
    subjects: values.subjects === undefined ? undefined : names(values.subjects),
    lanes,
    jsonPath: values.json,
    htmlPath: values.html,
    markdownPath: values.markdown,
    rounds: count(values.rounds, 'rounds') ?? (values.quick ? 7 : 15),
    blockMs: count(values['block-ms'], 'block-ms') ?? (values.quick ? 60 : 200),
    isolated: !values['not-isolated'],
    list: values.list,
    heap: values.heap,
    volumes: values.volumes,
    tabs: values.tabs,
  };
}

export function known(name: string, all: readonly string[], what: string): void {
  if (!all.includes(name)) throw new Error(`no ${what} is called ${name}: ${all.join(', ')}`);
}

function names(list: string): string[] {
  return list.split(',').map((name) => name.trim());
}

function count(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} takes a number from 1`);
  return value;
}
