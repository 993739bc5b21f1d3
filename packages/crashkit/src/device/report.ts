/** What an exploration found. */

/** Why it ended: every image was visited, or a limit was met. */
export type Ended = 'all' | 'failures' | 'images' | 'time' | 'aborted';

export interface Failure {
  /** The smallest image that shows it: `explore(device, check, { only: id })`. */
  readonly id: string;
  /** The image that showed it first. */
  readonly foundAs: string;
  /** What the check threw on the smallest. */
  readonly error: unknown;
  /** What the crash took and kept, in words. */
  readonly crash: readonly string[];
}

export class Report {
  /** How many images were visited. */
  readonly images: number;
  /** Operations of the run that was explored. */
  readonly opCount: number;
  readonly failures: readonly Failure[];
  readonly ended: Ended;
  readonly seconds: number;

  constructor(found: Pick<Report, 'images' | 'opCount' | 'failures' | 'ended' | 'seconds'>) {
    this.images = found.images;
    this.opCount = found.opCount;
    this.failures = found.failures;
    this.ended = found.ended;
    this.seconds = found.seconds;
  }

  toString(): string {
    const images = this.images === 1 ? '1 image' : `${this.images} images`;
    const visited = `${images} of ${this.opCount} operations, ${this.seconds.toFixed(1)} s`;
    if (this.failures.length === 0) {
      return `no failure in ${visited}${this.ended === 'all' ? '' : `; ended early: ${this.ended}`}`;
    }
    const [failure] = this.failures;
    const more = this.failures.length > 1 ? ` (${this.failures.length} failures, the first:)` : '';
    return [
      `${messageOf(failure.error)}`,
      ...failure.crash.map((line) => `  ${line}`),
      `  to see this alone: explore(device, check, { only: '${failure.id}' })`,
      `  after ${visited}${more}`,
    ].join('\n');
  }

  /**
   * Returns itself, or throws an error that tells the first failure.
   * @throws also when no image was visited: that shows nothing
   */
  assertClean(): this {
    const [failure] = this.failures;
    if (failure !== undefined) throw new Error(this.toString(), { cause: failure.error });
    if (this.images === 0) throw new Error('no image was visited: that shows nothing');
    return this;
  }
}

/** Messages of parsers hold what they could not read: no control characters into a terminal. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replaceAll(/[^\P{Cc}\n]/gu, '·');
}
