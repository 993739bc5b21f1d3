/** A browser profile on disk that is ours: it outlives the browsers that are killed on it. */
import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A killed browser leaves them; a new one would wait for an owner that is gone.
const SINGLETONS = ['SingletonLock', 'SingletonSocket', 'SingletonCookie'];

export class Profile {
  readonly folder: string;

  /** @param parent a folder on a real disk: flushing to one in memory proves nothing */
  constructor(label = 'profile', parent = process.env['CRASHKIT_PROFILES'] ?? tmpdir()) {
    this.folder = mkdtempSync(join(parent, `crashkit-${label}-`));
  }

  /** Only when no browser runs on it. */
  clearStaleLocks(): void {
    for (const name of SINGLETONS) {
      const path = join(this.folder, name);
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path, { force: true });
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
