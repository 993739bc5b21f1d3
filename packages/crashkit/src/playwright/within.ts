/** Nothing is waited for without end. */

/** @throws when `work` is not done in time; it is not ended by that */
export async function within<T>(deadlineMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`${what} took more than ${deadlineMs} ms`);
    timer = setTimeout(() => reject(error), deadlineMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
