/**
 * Names that every backend can store as they are, so that a store moves between them unchanged.
 */
import { FileFault } from './fault.ts';

const PLAIN = /^[A-Za-z0-9._%-]{1,200}$/;

/** Throws {@link FileFault} `denied` unless `name` is plain (see {@link Directory}). */
export function checkPlainName(name: string): void {
  if (!PLAIN.test(name) || name === '.' || name === '..') {
    throw new FileFault('denied', `not a plain file name: ${JSON.stringify(name)}`);
  }
}
