/**
 * What one case of the conformance suite is given.
 */
import type { Host } from '../host.ts';
import type { Directory } from '../port.ts';

export interface Conformance {
  readonly host: Host;
  /** An empty folder that only this case uses. */
  readonly folder: Directory;
  /** A name for locks and witness entries that only this case uses. */
  readonly name: string;
  /** Lets `ms` of the host's time go by. */
  passTime(ms: number): Promise<void>;
}

export interface ConformanceCase {
  /** Says the situation and the outcome. */
  readonly name: string;
  run(given: Conformance): Promise<void>;
}
