/** The slice of the fuzz lane that every test run takes (`npm run crash -- --fuzz N` takes any). */
import { describe, expect, test } from 'vitest';
import { FuzzLane, fuzzTasks, journalTargets } from './slice.ts';
import type { FuzzTarget } from './target.ts';

const SEED = 20_261_121;
const INPUTS = 60_000;

const targets = await journalTargets();

describe(`hostile bytes (seed ${SEED}) give a typed refusal or fields in range`, () => {
  test.each(targets.map(({ name }) => name))('%s', { timeout: 120_000 }, async (name) => {
    const lane = new FuzzLane(targets, SEED);
    let inputs = 0;
    for (const task of fuzzTasks(targets, INPUTS).filter(({ target }) => target === name)) {
      const found = await lane.run(task);
      expect(found.failures).toEqual([]);
      inputs += found.inputs;
    }
    expect(inputs).toBeGreaterThan(50);
  });
});

describe('the fuzz lane notices', () => {
  const run = async (once: FuzzTarget['once']): Promise<readonly string[]> => {
    const target = { name: 'bad', share: 1, allocatesMax: 1_000, once };
    return (await new FuzzLane([target], SEED).run({ target: 'bad', block: 0, inputs: 3 }))
      .failures;
  };

  test('an error that is not typed', async () => {
    const failures = await run(() => {
      throw new TypeError('not ours');
    });
    expect(failures).toHaveLength(3);
  });

  test('memory that is reserved for what is not there', async () => {
    const failures = await run(() => void new Uint8Array(2_000));
    expect(failures[0]).toMatch(/2000 bytes reserved at once, 2000 in all; 1000 are allowed/);
  });

  test('nothing wrong, and the constructor is as it was', async () => {
    const before = globalThis.Uint8Array;
    expect(await run(() => void new Uint8Array(900))).toEqual([]);
    expect(globalThis.Uint8Array).toBe(before);
  });
});
