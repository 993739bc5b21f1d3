/** The few assertions of the conformance suite, so that it runs under no framework at all. */
import { faultOf, type Fault } from '../fault.ts';

export function check(condition: boolean, shouldHold: string): void {
  if (!condition) throw new Error(`should hold: ${shouldHold}`);
}

/** Compares by their JSON: plain data only. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value));
  if (left !== right) throw new Error(`${what}: got ${left}, expected ${right}`);
}

export function checkBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  checkEqual(actual.length, expected.length, `${what}: length`);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  if (at !== -1) throw new Error(`${what}: byte ${at} is ${actual[at]}, expected ${expected[at]}`);
}

export async function checkFault(
  attempt: Promise<unknown>,
  expected: Fault | readonly Fault[],
): Promise<void> {
  const faults: readonly Fault[] = typeof expected === 'string' ? [expected] : expected;
  const outcome = await attempt.then(
    () => 'no error',
    (error: unknown) => faultOf(error),
  );
  if (!faults.some((fault) => fault === outcome)) {
    throw new Error(`got ${outcome}, expected fault ${faults.join(' or ')}`);
  }
}

export function checkThrows(attempt: () => unknown, what: string): void {
  try {
    attempt();
  } catch {
    return;
  }
  throw new Error(`should throw: ${what}`);
}
