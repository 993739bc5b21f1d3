/** Builds that the kill lane must catch with its own plan: a lane that cannot fail proves nothing. */
import type { Plugin } from 'vite';
import { liveSlotReused } from './live-slot-reused.ts';
import { noChecksums } from './no-checksums.ts';
import { unnamedCheckpoint } from './unnamed-checkpoint.ts';

export interface Control {
  readonly name: string;
  readonly what: string;
  readonly plugins: () => Plugin[];
  /** How it shows: a busy machine fails in other ways, too, and those are no catch. */
  readonly shows: RegExp;
  /** It takes luck within the lane's number of kills: `npm test` does not bet on it. */
  readonly takesLuck?: true;
}

export const CONTROLS: readonly Control[] = [
  {
    name: 'ack-before-write',
    what: 'an engine that acknowledges before it writes',
    plugins: () => [],
    shows: /^rule 7/,
  },
  {
    name: 'no-checksums',
    what: 'a build without checksums',
    plugins: () => [noChecksums()],
    shows: /^rule \d|CORRUPT|invariant broken/,
  },
  {
    name: 'unnamed-checkpoint',
    what: 'an engine that acknowledges a checkpoint that no superblock names',
    plugins: () => [unnamedCheckpoint()],
    shows: /^rule 10/,
  },
  {
    name: 'live-slot-reused',
    what: 'an engine that writes over a segment that is still live',
    plugins: () => [liveSlotReused()],
    takesLuck: true,
    shows: /^rule (1|2|3|6|7|9|10)\b|CORRUPT/,
  },
];
