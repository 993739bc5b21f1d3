/**
 * The crash kit, packed, at work on an app that is none of ours: `examples/notes` as a user would have
 * it, in a folder of its own, run by Node alone.
 */
import { readdir, readFile } from 'node:fs/promises';
import { expect, inject, test } from 'vitest';
import { blankProject, type BlankProject } from './blank-project.ts';

const NOTES = 'notes.test.js';
const EXAMPLE = new URL('../../examples/notes/', import.meta.url);

async function example(): Promise<BlankProject> {
  const names = (await readdir(EXAMPLE)).filter((name) => name.endsWith('.js'));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(new URL(name, EXAMPLE), 'utf8')] as const),
  );
  return blankProject([inject('tarballs').crashkit], Object.fromEntries(files));
}

/** What one of the example's tests printed, and whether it passed. */
async function outcome(
  { run }: BlankProject,
  test: string,
  ...variables: string[]
): Promise<[boolean, string]> {
  // Out of the test runner's own environment, which changes what a `node --test` below it prints.
  const node = [process.execPath, '--test', '--test-reporter=tap', test];
  const command = ['-u', 'NODE_TEST_CONTEXT', '-u', 'IMAGE', ...variables, ...node];
  try {
    return [true, await run('env', ...command)];
  } catch (error) {
    return [false, (error as Error).message];
  }
}

test('the store as it was found: an acknowledged note is lost, and the image shows it alone', async () => {
  const project = await example();
  const [passed, output] = await outcome(project, NOTES);
  expect(passed).toBe(false);
  expect(output).toMatch(/record 1 .* was acknowledged at operation \d+ and is gone/);
  expect(output).toMatch(/notes\.db bytes 0–511: written, not flushed: lost/);
  const id = /only: '([^']+)'/.exec(output)?.[1] ?? 'none';
  const [again, alone] = await outcome(project, NOTES, `IMAGE=${id}`);
  expect(again).toBe(false);
  expect(alone).toMatch(/record 1 .* and is gone/);
  expect(alone).toMatch(/after 1 image of/);
});

test('one flush for both writes: the store cannot be opened again', async () => {
  const [passed, output] = await outcome(await example(), NOTES, 'NOTES=./notes-one-flush.js');
  expect(passed).toBe(false);
  expect(output).toMatch(/SyntaxError/);
});

test('mended, it passes every image of every kind of crash that its design promises', async () => {
  const project = await example();
  for (const profile of ['tab-kill', 'os', 'power', 'fsync-fail-revert']) {
    const variables = ['NOTES=./notes-mended.js', `PROFILE=${profile}`];
    const [passed, output] = await outcome(project, NOTES, ...variables);
    expect(passed, output).toBe(true);
    expect(output).toMatch(/no failure in \d\d\d+ images/);
  }
});

test('mended, it keeps its promise after each flush and each write has failed; as found, it does not', async () => {
  const project = await example();
  const [passed, output] = await outcome(project, 'faults.test.js', 'NOTES=./notes-mended.js');
  expect(passed, output).toBe(true);
  expect(output).toMatch(/^# pass 8$/m);
  expect((await outcome(project, 'faults.test.js'))[0]).toBe(false);
});
