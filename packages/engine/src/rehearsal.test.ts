import { createMemoryHost } from '@varve/files/memory';
import type { Host } from '@varve/files';
import { expect, test, vi } from 'vitest';
import { Rehearsal } from './rehearsal.ts';

/** A host whose time goes by at once, and what was asked of it. */
function watchedHost(readWitness: () => Promise<undefined>) {
  const pauses: number[] = [];
  const memory = createMemoryHost();
  const touched = vi.fn<(...call: unknown[]) => Promise<undefined>>(async () => undefined);
  const watching = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...args: unknown[]) =>
          touched(name, ...args),
    },
  );
  const host: Host = {
    ...memory,
    timers: {
      after(ms, task) {
        pauses.push(ms);
        setTimeout(task);
        return () => undefined;
      },
    },
    root: watching as Host['root'],
    locks: watching as Host['locks'],
    witness: { ...memory.witness, read: readWitness },
  };
  return { host, pauses, touched };
}

/** After it began: 500 appends by 50, and each of nine openings. */
const PAUSES = 1 + 10 + 9;

test.each([
  ['answers', async () => undefined],
  ['is refused', () => Promise.reject(new Error('refused'))],
])('it goes to its end, once, and touches no file and no lock; the witness %s', async (_, read) => {
  const witness = vi.fn<() => Promise<undefined>>(read);
  const { host, pauses, touched } = watchedHost(witness);
  const rehearsal = new Rehearsal();
  rehearsal.begin(host, 'log');
  expect(witness).not.toHaveBeenCalled();
  await expect.poll(() => pauses.length, { timeout: 20_000 }).toBe(PAUSES);
  rehearsal.begin(host, 'log');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(pauses).toHaveLength(PAUSES);
  expect(witness.mock.calls).toEqual([['log']]);
  // It looks whether the folder is there.
  expect(touched.mock.calls).toEqual([['directory', 'log', { create: false }]]);
});
