/** `npm run bench`: runs the lanes, prints a table a work, writes what was asked for. */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buildPackages, VARVE_DIST } from '../../scripts/build.mjs';
import { sizesOf } from '../../scripts/build/size.mjs';
import { bars } from './src/bars/index.ts';
import { judge, type Sizes } from './src/bars/bar.ts';
import { compare, type Failure } from './src/compare.ts';
import { reportHeap } from './src/heap/report.ts';
import type { Lane } from './src/lane.ts';
import { browserLane } from './src/lanes/browser.ts';
import { nodeLane } from './src/lanes/node.ts';
import { machine } from './src/machine.ts';
import { known, parseOptions, USAGE, type RunOptions } from './src/options.ts';
import {
  barFigures,
  barResults,
  type BarFigure,
  type BarResult,
} from './src/report/bar-figures.ts';
import { barTable } from './src/report/bar-table.ts';
import type { RunFile } from './src/report/file.ts';
import { htmlReport } from './src/report/html.ts';
import { withFigures } from './src/report/markdown.ts';
import { workTable } from './src/report/table.ts';
import type { Result } from './src/result.ts';
import type { Work } from './src/work.ts';
import { works } from './src/works/index.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.heap) {
    await reportHeap(options.only);
    return 0;
  }
  if (options.volumes) return runFigures(options, (lane) => lane.volumes(options.quick));
  if (options.tabs)
    return runFigures(options, async (lane) => (await lane.tabs?.(options.quick)) ?? []);
  for (const name of options.only ?? [])
    known(
      name,
      works.map(({ id }) => id),
      'work',
    );
  const started = Date.now();
  const lanes: Lane[] = [];
  const results: Result[] = [];
  const failures: Failure[] = [];
  try {
    if (options.lanes.includes('browser')) lanes.push(await browserLane(options));
    if (options.lanes.includes('node')) lanes.push(await nodeLane());
    if (options.list) {
      for (const { id, title } of works) console.log(`work     ${id.padEnd(18)} ${title}`);
      for (const lane of lanes) {
        for (const { id, title } of lane.subjects) {
          console.log(`${lane.name.padEnd(8)} ${id.padEnd(18)} ${title}`);
        }
      }
      return 0;
    }
    const everySubject = lanes.flatMap((lane) => lane.subjects.map(({ id }) => id));
    for (const name of options.subjects ?? []) known(name, everySubject, 'subject');
    const plan = {
      rounds: options.rounds,
      blockMs: options.blockMs,
      quick: options.quick,
      ...(options.subjects === undefined ? {} : { subjects: options.subjects }),
    };
    const facts = machine(lanes);
    for (const lane of lanes) {
      console.log(`\n${lane.name}: ${lane.engine} ${JSON.stringify(lane.notes)}`);
      for (const work of works) {
        if (!isAsked(work, lane.name, options)) continue;
        const compared = compare(lane.name, await lane.run(work.id, plan));
        results.push(...compared.results);
        failures.push(...compared.failures);
        if (compared.results.length + compared.failures.length === 0) continue;
        console.log(workTable(work, compared.results, compared.failures));
      }
    }
    const file: RunFile = {
      schema: 1,
      startedAt: new Date(started).toISOString(),
      durationMs: Date.now() - started,
      plan: { quick: options.quick, rounds: options.rounds, blockMs: options.blockMs },
      machine: facts,
      results,
      bars: judge(bars, results, options.only === undefined ? await sizes() : undefined),
      failures,
    };
    console.log(barTable(file.bars));
    // npm runs scripts in the package's folder; paths are the caller's.
    const from = process.env['INIT_CWD'] ?? process.cwd();
    if (options.jsonPath !== undefined) {
      await writeFile(resolve(from, options.jsonPath), `${JSON.stringify(file, null, 1)}\n`);
    }
    if (options.htmlPath !== undefined) {
      await writeFile(resolve(from, options.htmlPath), htmlReport(file));
    }
    if (options.markdownPath !== undefined) {
      const path = resolve(from, options.markdownPath);
      await writeFile(path, withFigures(await readFile(path, 'utf8'), file));
    }
    return failures.length === 0 ? 0 : 1;
  } finally {
    for (const lane of lanes) await lane.close();
  }
}

/** What has a run of its own: other subjects, other figures. */
async function runFigures(
  { lanes, quick, isolated, jsonPath }: RunOptions,
  measure: (lane: Lane) => Promise<BarFigure[]>,
): Promise<number> {
  const results: BarResult[] = [];
  for (const open of [
    ...(lanes.includes('browser') ? [() => browserLane({ isolated })] : []),
    ...(lanes.includes('node') ? [() => nodeLane()] : []),
  ]) {
    const lane = await open();
    try {
      console.log(`\n${lane.name}: ${lane.engine} ${JSON.stringify(lane.notes)}`);
      const figures = await measure(lane);
      results.push(...barResults(lane.name, figures));
      console.log(barFigures(figures));
    } finally {
      await lane.close();
    }
  }
  if (jsonPath !== undefined) {
    const path = resolve(process.env['INIT_CWD'] ?? process.cwd(), jsonPath);
    await writeFile(path, `${JSON.stringify({ schema: 1, quick, bars: results }, null, 1)}\n`);
  }
  return 0;
}

/** The bars speak of the browser: Node shows a few works only when it is to be quick. */
const QUICK_IN_NODE: readonly string[] = ['append-100b', 'bulk-100b', 'replay-100b'];

function isAsked({ id, extra }: Work, lane: Lane['name'], options: RunOptions): boolean {
  if (options.only !== undefined) return options.only.includes(id);
  if (!options.quick) return true;
  return extra !== true && (lane === 'browser' || QUICK_IN_NODE.includes(id));
}

/** Of a fresh build; undefined when it cannot be built now. */
async function sizes(): Promise<Sizes | undefined> {
  try {
    const built = await buildPackages();
    if (built.some(({ wrong }) => wrong.length > 0)) throw new Error('it does not build');
    return sizesOf(VARVE_DIST);
  } catch (error) {
    console.error(`bundles not measured: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

try {
  process.exitCode = process.argv.includes('--help') ? 0 : await main(process.argv.slice(2));
  if (process.argv.includes('--help')) console.log(USAGE);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
