/** Builds that the kill lane must catch with its own plan: a lane that cannot fail proves nothing. */
import type { Plugin } from 'vite';
import { noChecksums } from './no-checksums.ts';

export interface Control {
  readonly name: string;
  readonly what: string;
  readonly plugins: () => Plugin[];
}

export const CONTROLS: readonly Control[] = [
  {
    name: 'ack-before-write',
    what: 'an engine that acknowledges before it writes',
    plugins: () => [],
  },
  {
    name: 'no-checksums',
    what: 'a build without checksums',
    plugins: () => [noChecksums()],
  },
];
