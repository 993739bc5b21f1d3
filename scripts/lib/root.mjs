/** Where the repository lies, and the two places that tools may write to (both ignored by git). */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Kept between runs: browser wrappers, reports. */
export const CACHE = join(ROOT, '.cache');

/** @param {string[]} parts */
export const inRoot = (...parts) => join(ROOT, ...parts);
