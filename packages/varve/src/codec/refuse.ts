/** How a codec says no: always `CODEC_REFUSED`, always with the place in the value or in the bytes. */
import { VarveError, isVarveError } from '@varve/protocol';

/** One step from a value to a part of it: a property, an index, or a place in a Map or Set. */
export type Step = string | number;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** `$.a[3].b`. Steps that begin with `<` name places that have no expression, such as `<key 0>`. */
export function formatPath(steps: readonly Step[]): string {
  let path = '$';
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`;
    else if (step.startsWith('<')) path += step;
    else path += IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
    if (path.length > 500) return `${path.slice(0, 500)}…`;
  }
  return path;
}

/** For values on their way in. Errors thrown by the value itself (getters, proxies) become the cause. */
export function refuseValue(steps: readonly Step[], reason: unknown): VarveError {
  if (isVarveError(reason)) return reason;
  const path = formatPath(steps);
  const text = reason instanceof Error ? reason.message : String(reason);
  return new VarveError('CODEC_REFUSED', `${path}: ${text}`, {
    facts: { path },
    ...(reason instanceof Error && { cause: reason }),
  });
}

/** For bytes on their way out: damaged, or written by another codec. */
export function refuseBytes(codec: string, offset: number, cause: unknown): VarveError {
  if (isVarveError(cause)) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new VarveError('CODEC_REFUSED', `not a value of the ${codec} codec: ${text}`, {
    facts: { codec, offset },
    cause,
  });
}
