/**
 * Names as the simulated disk stores them. OPFS takes any name without a slash, the disk's port only
 * plain ones: what is not plain is written as `%` and hex digits.
 */

const OTHER = /[^A-Za-z0-9._-]/gu;

/** @throws TypeError for a name that OPFS refuses */
export function storedName(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw new TypeError(`Name is not allowed: ${JSON.stringify(name)}`);
  }
  const stored = name.replaceAll(OTHER, (character) => encodeURIComponent(character).toLowerCase());
  // encodeURIComponent leaves these as they are.
  return stored.replaceAll(/[!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}

export const originalName = (stored: string): string => decodeURIComponent(stored);

/** `a b/c` → `a%20b/c`. */
export const storedPath = (path: string): string => path.split('/').map(storedName).join('/');

export const originalPath = (stored: string): string =>
  stored.split('/').map(originalName).join('/');
