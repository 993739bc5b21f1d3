/** What is left of comlink in a page's bundle, calling what is left of it in a worker's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { inRoot } from '../lib/root.mjs';
import { UNUSED_ANSWERING, UNUSED_CALLING, half } from './halves.mjs';

const WHOLE = readFileSync(
  join(inRoot('node_modules', 'comlink'), 'dist', 'esm', 'comlink.mjs'),
  'utf8',
);

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
    moduleOf(half(WHOLE, UNUSED_ANSWERING)),
    moduleOf(half(WHOLE, UNUSED_CALLING)),
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
  ['calls', UNUSED_CALLING],
  ['answers', UNUSED_ANSWERING],
] as const)('the half that %s', (_, unused) => {
  test('keeps its length and its lines: the source map stays right', () => {
    const lengths = (text: string): number[] => text.split('\n').map(({ length }) => length);
    expect(lengths(half(WHOLE, unused))).toEqual(lengths(WHOLE));
  });

  test.each(Object.entries(unused))(
    'of a comlink without %s, or with two of it, is refused',
    (__, place) => {
      const [text = ''] = WHOLE.match(place) ?? [];
      expect(text).not.toBe('');
      expect(() => half(WHOLE.replace(text, ''), unused)).toThrow(/another.* 0 places/);
      expect(() => half(WHOLE.replace(text, text + text), unused)).toThrow(/another.* 2 places/);
    },
  );
});
