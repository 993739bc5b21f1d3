/**
 * Faults to come: each rule lets some matching operations pass and then strikes, once or for ever.
 */
import type { Fault } from '../fault.ts';
import type { WriteFate } from './simulated-file.ts';

/**
 * `grow` is a write or truncate beyond the file's end; `write` and `truncate` are any. `open` is an
 * open of a file that is there, `create` makes a name, `remove` takes one away. `witness` is a
 * witness write or removal.
 */
export type FaultSite =
  | 'read'
  | 'write'
  | 'grow'
  | 'truncate'
  | 'flush'
  | 'open'
  | 'create'
  | 'remove'
  | 'witness';

/** How much of a read or write happens. */
export type ShortLength = 'half' | 'len-1' | number;

export type FaultEffect =
  /** The operation throws. A flush that throws leaves the cache as the profile says. */
  | { readonly throws: Fault }
  /** `read` and `write` only: fewer bytes than asked for, and no error. */
  | { readonly short: ShortLength }
  /** `write` only: reported as done, but the device drops it or puts it elsewhere once flushed. */
  | { readonly fate: WriteFate };

export interface FaultRule {
  readonly on: FaultSite;
  readonly effect: FaultEffect;
  /** How many matching operations pass first. Default 0. */
  readonly skip?: number;
  /** Whether it strikes again and again. Default: once. */
  readonly sticky?: boolean;
  /** Only operations on this path, e.g. `store/journal`. */
  readonly path?: string;
}

export interface InjectedFault {
  /** How often it struck. */
  readonly strikes: number;
  cancel(): void;
}

interface Armed {
  readonly rule: FaultRule;
  passes: number;
  strikes: number;
}

export class FaultPlan {
  readonly #armed = new Set<Armed>();

  inject(rule: FaultRule): InjectedFault {
    const armed: Armed = { rule, passes: rule.skip ?? 0, strikes: 0 };
    this.#armed.add(armed);
    return {
      get strikes() {
        return armed.strikes;
      },
      cancel: () => void this.#armed.delete(armed),
    };
  }

  /** The effect on this operation, if one strikes. Counts the operation. */
  strike(site: FaultSite, path: string): FaultEffect | undefined {
    if (this.#armed.size === 0) return undefined;
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (rule.on !== site || (rule.path !== undefined && rule.path !== path)) continue;
      if (armed.passes > 0) {
        armed.passes -= 1;
        continue;
      }
      armed.strikes += 1;
      if (!rule.sticky) this.#armed.delete(armed);
      return rule.effect;
    }
    return undefined;
  }
}

/** How many of `length` bytes a short operation moves. */
export function shortLength(short: ShortLength, length: number): number {
  if (short === 'half') return length >> 1;
  if (short === 'len-1') return Math.max(0, length - 1);
  return Math.min(short, length);
}
