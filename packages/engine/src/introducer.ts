/**
 * Brings together the two contexts that wait under one name: each gets one end of a new port.
 *
 * Always true:
 * - names are all it knows: nothing that is said over the ports passes through here
 * - two meet under a name once; then it is forgotten
 * - what waits is bounded: the oldest name goes first, and who waited there goes on without a port
 * - what is no message is passed over
 */
import type { ToIntroducer } from '@varve/protocol';

const NAMES_MAX = 4_096;
const NAME_LENGTH_MAX = 200;

/** One context, as it is told. */
export type Tell<End> = (name: string, end: End) => void;

export class Introducer<End> {
  readonly #newPort: () => readonly [End, End];
  /** In the order in which they came. */
  readonly #waiting = new Map<string, Tell<End>>();

  constructor(newPort: () => readonly [End, End]) {
    this.#newPort = newPort;
  }

  /** Names under which somebody waits. */
  get size(): number {
    return this.#waiting.size;
  }

  hear(tell: Tell<End>, message: unknown): void {
    const { meet, leave } = (message ?? {}) as { readonly [F in keyof ToIntroducer]?: unknown };
    if (typeof meet === 'string' && meet.length <= NAME_LENGTH_MAX) this.#meet(meet, tell);
    else if (this.#waiting.get(leave as string) === tell) this.#waiting.delete(leave as string);
  }

  /** The context is gone. */
  forget(tell: Tell<End>): void {
    for (const [name, who] of this.#waiting) if (who === tell) this.#waiting.delete(name);
  }

  #meet(name: string, tell: Tell<End>): void {
    const other = this.#waiting.get(name);
    if (other === tell) return;
    this.#waiting.delete(name);
    if (other !== undefined) {
      const [one, two] = this.#newPort();
      other(name, one);
      tell(name, two);
      return;
    }
    this.#waiting.set(name, tell);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > NAMES_MAX) this.#waiting.delete(oldest!);
  }
}
