/** Runs a TypeScript program of the repository with this process's arguments. */
import { existsSync } from 'node:fs';
import { browserEnvironment, findBrowsers } from '../browsers.mjs';
import { ensureInstalled } from '../install.mjs';
import { inRoot } from './root.mjs';
import { node, run } from './run.mjs';

const A_DAY_MS = 86_400_000;

/**
 * @param {string[]} path of the program, from the root
 * @returns {Promise<number>} its exit code
 */
export async function handOver(...path) {
  const program = inRoot(...path);
  if (!existsSync(program)) {
    console.error(`${path.join('/')} is missing`);
    return 1;
  }
  await ensureInstalled();
  const env = browserEnvironment(await findBrowsers());
  const args = ['--import', 'tsx', program, ...process.argv.slice(2)];
  const { code } = await run(node, args, { env, timeoutMs: A_DAY_MS });
  return code;
}
