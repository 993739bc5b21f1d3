/** Builds that the kill lane must catch with its own plan: a lane that cannot fail proves nothing. */
import type { Plugin } from 'vite';
import { noChecksums } from './no-checksums.ts';

export interface Control {
  readonly name: string;
  readonly what: string;
  readonly plugins: () => Plugin[];
  /** How it shows: a busy machine fails in other ways, too, and those are no catch. */
  readonly shows: RegExp;
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
];
