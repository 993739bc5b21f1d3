/**
 * Running other programs.
 *
 * Always true: a program that was started here is gone when the returned promise settles, and it is
 * never awaited longer than `timeoutMs`.
 */
import { spawn } from 'node:child_process';
import { ROOT } from './root.mjs';

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] added to this process's environment
 * @property {number} [timeoutMs] default: ten minutes
 * @property {boolean} [quiet] keep the output instead of showing it
 * @property {number} [heartbeatMs] say every so often that it still runs
 */

/**
 * @typedef {object} RunResult
 * @property {number} code 0 when it ended well
 * @property {boolean} timedOut
 * @property {string} output what it printed, both streams (only with `quiet`)
 */

/**
 * Never rejects: a program that cannot be started has code 127.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(command, args, options = {}) {
  const { cwd = ROOT, env = {}, timeoutMs = 600_000, quiet = false } = options;
  // Its own process group, so that what it started (browsers, workers) ends with it.
  const ownGroup = process.platform !== 'win32';
  return new Promise((resolve) => {
    let output = '';
    let timedOut = false;
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      detached: ownGroup,
    });
    /** @param {NodeJS.Signals} signal */
    const end = (signal) => {
      if (child.pid === undefined) return;
      try {
        process.kill(ownGroup ? -child.pid : child.pid, signal);
      } catch {
        // Already gone.
      }
    };
    const onSignal = () => {
      end('SIGTERM');
      process.exit(130);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    const timer = setTimeout(() => {
      timedOut = true;
      end('SIGTERM');
      setTimeout(() => end('SIGKILL'), 5_000).unref();
    }, timeoutMs);
    const keep = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    /** @param {number} code */
    const settle = (code) => {
      clearTimeout(timer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      end('SIGKILL');
      resolve({ code: timedOut ? 124 : code, timedOut, output });
    };
    child.on('error', (error) => {
      output += String(error);
      settle(127);
    });
    // `exit`, not `close`: a grandchild that keeps the pipe open must not keep us waiting.
    child.on('exit', (code, signal) => setImmediate(() => settle(code ?? (signal ? 128 : 1))));
  });
}

/** The program of an installed package, run by this very Node. */
export const node = process.execPath;

/** On Windows npm is a batch file, which only a shell can start. */
export const npm = process.env.npm_execpath?.endsWith('.js')
  ? { command: process.execPath, args: [process.env.npm_execpath] }
  : { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] };

/**
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runNpm(args, options) {
  return run(npm.command, [...npm.args, ...args], options);
}
