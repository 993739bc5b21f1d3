/**
 * Asking what need not be known: who does not answer in time, fails or cannot be asked is answered for.
 */
export function inTime<T, U>(
  ask: () => Promise<T> | undefined,
  waitMs: number,
  otherwise: U,
): Promise<T | U> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs, otherwise);
    const settle = (answer: T | U): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    (async () => (await ask()) ?? otherwise)().then(settle, () => settle(otherwise));
  });
}
