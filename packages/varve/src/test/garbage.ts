/** Arguments that are none, and what became of a call with one of them. */
import { isVarveError } from '@varve/protocol';

export const GARBAGE: readonly unknown[] = [
  null,
  undefined,
  true,
  7,
  -1,
  0.5,
  Number.NaN,
  'text',
  [],
  {},
  [null],
  () => 7,
  Symbol('none'),
];

/** The garbage itself, and each of these options with it. */
export const optionsOf = (names: readonly string[]): unknown[] => [
  ...GARBAGE,
  ...names.flatMap((name) => GARBAGE.map((given) => ({ [name]: given }))),
];

const waited = (ms: number): Promise<string> =>
  new Promise((resolve) => setTimeout(() => resolve('it waits'), ms));

/** `ok`: a result, or an error with a code. */
export async function outcomeOf(call: () => unknown): Promise<string> {
  try {
    return await Promise.race([(async () => call())().then(() => 'ok'), waited(3_000)]);
  } catch (error) {
    return isVarveError(error) ? 'ok' : String(error);
  }
}
