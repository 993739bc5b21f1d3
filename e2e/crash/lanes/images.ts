/**
 * The simulated lane: power loss at every operation, faults, second lives; in Node, without a browser.
 *
 * `--images N --seed S --profile A,B --minutes M --workers W --json FILE`, or `--planted`.
 * Ends with 0 when nothing was violated (and every planted bug was caught), 1 when something was, 2
 * when it was asked wrongly.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ALL_PROFILES } from '@varve/journal/crash';
import { bundleWorker } from './images-bundle.ts';
import { runPlanted } from './images-planted.ts';
import { type PoolResult, runPool } from './images-pool.ts';

const TEXT = { type: 'string' } as const;
const OPTIONS = {
  images: TEXT,
  seed: TEXT,
  profile: TEXT,
  minutes: TEXT,
  workers: TEXT,
  json: TEXT,
  planted: { type: 'boolean' },
  only: TEXT,
} as const;
/** Images of an ordinary test run: a planted bug must be caught within so many. */
const PLANTED_IMAGES = 40_000;
const PROGRESS_MS = 10_000;
const VIOLATIONS_SHOWN = 20;

export async function runImagesLane(args: readonly string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS }));
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const numbers = [values.images, values.seed, values.minutes, values.workers].map((text) =>
    Number(text ?? 0),
  );
  const profiles = ALL_PROFILES.filter(
    (name) => values.profile === undefined || values.profile.split(',').includes(name),
  );
  if (numbers.some((number) => !(number >= 0)) || profiles.length === 0) {
    console.error(`a number is not a number, or --profile is none of ${ALL_PROFILES.join(', ')}`);
    return 2;
  }
  const [images, seed, minutes, workers] = numbers as [number, number, number, number];
  if (values.planted === true)
    return planted(seed || 1, images || PLANTED_IMAGES, values.only, values.json);
  const file = await bundleWorker();
  try {
    const options = {
      seed: seed || 1,
      profiles,
      images: images > 0 && minutes === 0 ? images : images || Infinity,
      minutes,
      workers: workers || availableParallelism(),
      stopAtViolations: VIOLATIONS_SHOWN,
    };
    console.log(`seed ${options.seed}, ${options.workers} workers, ${profiles.join(' ')}`);
    let toldMs = Date.now();
    const result = await runPool(file, options, (now) => {
      if (Date.now() - toldMs < PROGRESS_MS) return;
      toldMs = Date.now();
      console.log(
        `${now.images} images of ${now.cases} cases, ${now.violations.length} violations, ${rate(now)}/s`,
      );
    });
    report(result, options.seed, values.json);
    return result.violations.length === 0 ? 0 : 1;
  } finally {
    file.remove();
  }
}

const rate = ({ images, seconds }: PoolResult): number =>
  Math.round(images / Math.max(0.001, seconds));

function report(result: PoolResult, seed: number, json: string | undefined): void {
  for (const violation of result.violations.slice(0, VIOLATIONS_SHOWN))
    console.log(`✗ ${violation}`);
  const rows = [...result.profiles].map(([profile, images]) => ({
    subject: 'journal',
    profile,
    images,
    distinct: images,
    violations: result.violations.filter((text) => text.includes(` ${profile} `)).length,
    rate: Math.round(images / Math.max(0.001, result.seconds)),
    recoveryRows: Object.fromEntries(
      [...result.rows]
        .filter(([key]) => key.startsWith(`${profile} `))
        .map(([key, count]) => [key.slice(profile.length + 1), count]),
    ),
  }));
  console.table(rows.map(({ recoveryRows: _, ...row }) => row));
  console.table(
    Object.fromEntries(rows.map(({ profile, recoveryRows }) => [profile, recoveryRows])),
  );
  console.log(
    `${result.images} images of ${result.cases} cases in ${result.seconds.toFixed(1)} s, ${rate(result)}/s, ${result.violations.length} violations`,
  );
  if (json !== undefined)
    write(json, { schema: 1, seed, seconds: result.seconds, rows, violations: result.violations });
}

async function planted(
  seed: number,
  images: number,
  only: string | undefined,
  json: string | undefined,
): Promise<number> {
  const rows = await runPlanted(
    seed,
    images,
    only,
    ({ name, caught, images: seen, seconds, by }) => {
      console.log(
        `${caught ? '✓' : '✗ NOT CAUGHT'} ${name}: ${seen} images, ${seconds.toFixed(1)} s ${by.slice(0, 110)}`,
      );
    },
  );
  const missed = rows.filter(({ caught }) => !caught);
  console.log(`${rows.length - missed.length} of ${rows.length} planted bugs caught`);
  if (json !== undefined) write(json, { schema: 1, seed, planted: rows });
  return missed.length === 0 ? 0 : 1;
}

function write(path: string, value: unknown): void {
  writeFileSync(`${path}.part`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${path}.part`, path);
}
