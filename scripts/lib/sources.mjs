/** The repository's own files, as git sees them: what is ignored does not count. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { ROOT, inRoot } from './root.mjs';

const IGNORED = new Set(['node_modules', 'dist', '.git', '.cache', '.tmp', 'test-results']);

/** @returns {string[]} for a copy without git */
function walk(/** @type {string} */ folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return IGNORED.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [relative(ROOT, path).replaceAll('\\', '/')] : [];
  });
}

/** @type {string[] | undefined} */
let listed;

/**
 * Paths from the root, with forward slashes.
 * @param {RegExp} [matching]
 * @returns {string[]}
 */
export function sourceFiles(matching = /./) {
  listed ??= list();
  return listed.filter((path) => matching.test(path));
}

function list() {
  try {
    const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const options = { cwd: ROOT, maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] };
    // @ts-expect-error The literal's `stdio` is wider than the overload's.
    const answer = String(execFileSync('git', args, options));
    const paths = answer.split('\0').filter((path) => path !== '' && existsSync(inRoot(path)));
    if (paths.length > 0) return [...new Set(paths)];
  } catch {
    // No git here, or no repository.
  }
  return walk(ROOT);
}
