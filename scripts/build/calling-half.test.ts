/** What is left of comlink in a page's bundle, calling what a whole comlink exposes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { inRoot } from '../lib/root.mjs';
import { UNUSED, callingHalf } from './calling-half.mjs';

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
  root: (whole: Comlink) => object,
): Promise<{ half: Comlink; caller: Caller }> {
  const [whole, half] = await Promise.all([moduleOf(WHOLE), moduleOf(callingHalf(WHOLE))]);
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  whole.expose(root(whole), port2);
  return { half, caller: half.wrap(port1) };
}

test('calls are answered, each with its own answer', async () => {
  const { caller } = await callerOf(() => ({ call: async (n: number) => ({ twice: 2 * n }) }));
  const answers = await Promise.all([1, 2, 3].map((n) => caller.call(n)));
  expect(answers).toEqual([{ twice: 2 }, { twice: 4 }, { twice: 6 }]);
});

test('bytes are given away with the call', async () => {
  const { half, caller } = await callerOf(() => ({
    call: ({ bytes }: { bytes: Uint8Array }) => bytes.length,
  }));
  const bytes = new Uint8Array(5);
  expect(await caller.call(half.transfer({ bytes }, [bytes.buffer]))).toBe(5);
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

test('letting go is heard on the other side, and ends the caller', async () => {
  const released = vi.fn<() => void>();
  const { half, caller } = await callerOf(({ finalizer }) => ({
    call: () => 0,
    [finalizer]: released,
  }));
  await caller.call(0);
  caller[half.releaseProxy]!();
  await vi.waitFor(() => expect(released).toHaveBeenCalledOnce());
  expect(() => caller.call(0)).toThrow(/released/);
});

test('what is left out keeps its length and its lines: the source map stays right', () => {
  const lengths = (text: string): number[] => text.split('\n').map(({ length }) => length);
  expect(lengths(callingHalf(WHOLE))).toEqual(lengths(WHOLE));
});

test.each(Object.entries(UNUSED))(
  'a comlink without %s, or with two of it, is refused',
  (_, place) => {
    const [text = ''] = WHOLE.match(place) ?? [];
    expect(text).not.toBe('');
    expect(() => callingHalf(WHOLE.replace(text, ''))).toThrow(/another.* 0 places/);
    expect(() => callingHalf(WHOLE.replace(text, text + text))).toThrow(/another.* 2 places/);
  },
);
