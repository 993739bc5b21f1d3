/**
 * What is left of comlink in a page's bundle, calling what is left of it in a worker's. What is left of
 * idb runs in every worker of the tests in browsers (`one-file-workers.mjs`).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { inRoot } from '../lib/root.mjs';
import { UNUSED_ANSWERING, UNUSED_CALLING, UNUSED_OF_IDB, half } from './halves.mjs';

const moduleIn = (...path: string[]): string =>
  readFileSync(join(inRoot('node_modules', path[0]!), ...path.slice(1)), 'utf8');
const COMLINK = moduleIn('comlink', 'dist', 'esm', 'comlink.mjs');
const IDB = moduleIn('idb', 'build', 'index.js');

interface Caller {
  call(request: unknown): Promise<unknown>;
  [symbol: symbol]: () => void;
}

interface Comlink {
  readonly finalizer: symbol;
  readonly releaseProxy: symbol;
  expose(root: object, port: MessagePort): void;
  wrap(port: MessagePort): Caller;
  transfer<T>(value: T, buffers: ArrayBuffer[]): T;
}

const moduleOf = (text: string): Promise<Comlink> =>
  import(`data:text/javascript,${encodeURIComponent(text)}`);

async function callerOf(
  root: (answering: Comlink) => object,
): Promise<{ calling: Comlink; caller: Caller }> {
  const [answering, calling] = await Promise.all([
    moduleOf(half('comlink', COMLINK, UNUSED_ANSWERING)),
    moduleOf(half('comlink', COMLINK, UNUSED_CALLING)),
  ]);
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  answering.expose(root(answering), port2);
  return { calling, caller: calling.wrap(port1) };
}

test('calls are answered, each with its own answer', async () => {
  const { caller } = await callerOf(() => ({ call: async (n: number) => ({ twice: 2 * n }) }));
  const answers = await Promise.all([1, 2, 3].map((n) => caller.call(n)));
  expect(answers).toEqual([{ twice: 2 }, { twice: 4 }, { twice: 6 }]);
});

test('bytes are given away with the call', async () => {
  const { calling, caller } = await callerOf(() => ({
    call: ({ bytes }: { bytes: Uint8Array }) => bytes.length,
  }));
  const bytes = new Uint8Array(5);
  expect(await caller.call(calling.transfer({ bytes }, [bytes.buffer]))).toBe(5);
  expect(bytes.length).toBe(0);
});

test('what cannot be cloned rejects its call', async () => {
  const { caller } = await callerOf(() => ({ call: () => 0 }));
  await expect(caller.call(() => undefined)).rejects.toThrow(/could not be cloned/);
});

test('an answer that cannot be cloned comes as undefined: its call does not wait for ever', async () => {
  const { caller } = await callerOf(() => ({ call: () => () => undefined }));
  expect(await caller.call(0)).toBeUndefined();
});

test('letting go is heard on the other side', async () => {
  const released = vi.fn<() => void>();
  const { calling, caller } = await callerOf(({ finalizer }) => ({
    call: () => 0,
    [finalizer]: released,
  }));
  await caller.call(0);
  caller[calling.releaseProxy]!();
  await vi.waitFor(() => expect(released).toHaveBeenCalledOnce());
});

describe.each([
  ['of comlink that calls', 'comlink', COMLINK, UNUSED_CALLING],
  ['of comlink that answers', 'comlink', COMLINK, UNUSED_ANSWERING],
  ['of idb', 'idb', IDB, UNUSED_OF_IDB],
] as const)('the half %s', (_, of, whole, unused: Readonly<Record<string, RegExp>>) => {
  test('keeps its length and its lines: the source map stays right', () => {
    const lengths = (text: string): number[] => text.split('\n').map(({ length }) => length);
    expect(lengths(half(of, whole, unused))).toEqual(lengths(whole));
  });

  test.each(Object.entries(unused))(
    'of one without %s, or with two of it, is refused',
    (__, place) => {
      const text = [...whole.matchAll(place)][0]?.[0] ?? '';
      expect(text).not.toBe('');
      expect(() => half(of, whole.replace(text, ''), unused)).toThrow(/another.* 0 places/);
      expect(() =>
        half(
          of,
          whole.replace(text, () => text + text),
          unused,
        ),
      ).toThrow(/another.* 2 places/);
    },
  );
});
