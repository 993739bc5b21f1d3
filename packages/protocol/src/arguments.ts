/** Arguments of applications, checked: every refusal is `BAD_ARGUMENT` and names the option. */
import { VarveError } from './errors.ts';

export function badArgument(option: string, wanted: string): VarveError {
  return new VarveError('BAD_ARGUMENT', `${option} must be ${wanted}`, {
    facts: { option },
    outcome: 'not-written',
  });
}

export function checkArgument(ok: boolean, option: string, wanted: string): void {
  if (!ok) throw badArgument(option, wanted);
}

export function checkCount(
  value: unknown,
  option: string,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): void {
  const ok = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  checkArgument(ok, option, `an integer from ${min} to ${max}`);
}

export function checkOneOf(value: unknown, option: string, ...allowed: readonly unknown[]): void {
  checkArgument(allowed.includes(value), option, allowed.join(' or '));
}

export function checkFunction(value: unknown, option: string): void {
  checkArgument(typeof value === 'function', option, 'a function');
}
