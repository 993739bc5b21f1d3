/**
 * Exclusion between processes that a dead process does not keep.
 *
 * Node has no `flock`. A pid in a lock file is not enough: pids are reused, and mean nothing in another
 * container that shares the folder. A listening socket is a thing that the kernel takes away with its
 * process, and one that has a *path* is seen by everyone who sees the folder. So, on POSIX:
 *
 * 1. a claimant listens on a socket under a temporary name, then renames it to a name of its own,
 *    `<key>.<time>.<random>`: a visible name always belongs to a socket that listens, or is dead;
 * 2. it then lists the claims of that key, once. It has won when all others of that list are gone;
 * 3. a claim that refuses a connection is dead and is removed: names are never reused, so this can
 *    never hit a living one. A stopped or busy process still accepts (its kernel does): it is alive;
 * 4. when two see each other the older name stays and the younger withdraws with fault `busy`; the
 *    older waits a moment for that, then says `busy` too (the other had won before it came).
 *
 * Two cannot both win: whoever became visible second lists after that, and sees the first. Claims
 * that come later need no waiting for: they see this one.
 *
 * On Windows a named pipe does it alone: its name is exclusive and dies with its process.
 * All of this holds on one kernel; a folder on a network file system is not covered.
 */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { FileFault } from '../fault.ts';

/** How long the oldest claimant waits for younger ones to withdraw. */
const WITHDRAWAL_MS = 500;
const RETRY_MS = 5;
/** A temporary name this old was left by a process that died while claiming. */
const ABANDONED_MS = 10_000;
/** The shortest `sun_path` of the systems that Node runs on is 104 bytes, with its final zero. */
const SOCKET_PATH_MAX_BYTES = 100;

export interface Claim {
  /** Idempotent. */
  release(): void;
}

function keyOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

/**
 * Claims `name` for this process among all that use the same folder.
 * @throws with fault `busy` when another holds it
 */
export async function claim(locksPath: string, name: string): Promise<Claim> {
  const key = keyOf(name);
  fs.mkdirSync(locksPath, { recursive: true });
  return process.platform === 'win32' ? claimPipe(locksPath, key) : claimSocket(locksPath, key);
}

/** Whether another holder has claimed `name` now. Makes nothing on disk; answers false on Windows. */
export async function isClaimed(locksPath: string, name: string): Promise<boolean> {
  if (process.platform === 'win32' || !fs.existsSync(locksPath)) return false;
  const key = keyOf(name);
  const claims = fs
    .readdirSync(locksPath)
    .filter((entry) => entry.startsWith(`${key}.`) && !entry.endsWith('.tmp'));
  const alive = await Promise.all(claims.map((entry) => isAlive(locksPath, entry)));
  return alive.includes(true);
}

async function claimPipe(locksPath: string, key: string): Promise<Claim> {
  const place = createHash('sha256').update(fs.realpathSync(locksPath)).digest('hex').slice(0, 32);
  const server = await listen(`\\\\.\\pipe\\varve-${place}-${key}`).catch((cause: unknown) => {
    throw (cause as { code?: unknown }).code === 'EADDRINUSE'
      ? new FileFault('busy', 'another process has it open', { cause })
      : cause;
  });
  return { release: () => void server.close() };
}

async function claimSocket(locksPath: string, key: string): Promise<Claim> {
  const age = Date.now().toString(36).padStart(9, '0');
  const own = `${key}.${age}.${randomBytes(4).toString('hex')}`;
  const temporary = `${own}.tmp`;
  const server = await withShortPath(locksPath, temporary, listen);
  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    fs.rmSync(path.join(locksPath, own), { force: true });
    server.close();
  };
  try {
    fs.renameSync(path.join(locksPath, temporary), path.join(locksPath, own));
    await win(locksPath, key, own);
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/** Returns when every claim that was visible before `own` is gone. */
async function win(locksPath: string, key: string, own: string): Promise<void> {
  const deadlineMs = performance.now() + WITHDRAWAL_MS;
  let before = rivals(locksPath, key, own);
  for (;;) {
    const living: string[] = [];
    for (const other of before) {
      if (await isAlive(locksPath, other)) living.push(other);
      else fs.rmSync(path.join(locksPath, other), { force: true });
    }
    if (living.length === 0) return;
    if (living.some((other) => other < own) || performance.now() > deadlineMs) {
      throw new FileFault('busy', 'another process has it open');
    }
    before = living;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function rivals(locksPath: string, key: string, own: string): string[] {
  const found: string[] = [];
  for (const name of fs.readdirSync(locksPath)) {
    if (!name.startsWith(`${key}.`) || name === own) continue;
    if (!name.endsWith('.tmp')) found.push(name);
    else removeAbandoned(path.join(locksPath, name));
  }
  return found;
}

function removeAbandoned(temporaryPath: string): void {
  const stat = fs.statSync(temporaryPath, { throwIfNoEntry: false });
  if (stat !== undefined && Date.now() - stat.mtimeMs > ABANDONED_MS) {
    fs.rmSync(temporaryPath, { force: true });
  }
}

/** Whether some process listens there. Anything but a clear no counts as yes. */
async function isAlive(locksPath: string, name: string): Promise<boolean> {
  return withShortPath(
    locksPath,
    name,
    (socketPath) =>
      new Promise((resolve) => {
        const socket = net.connect(socketPath);
        const answer = (alive: boolean): void => {
          socket.destroy();
          resolve(alive);
        };
        socket.on('connect', () => answer(true));
        socket.on('error', ({ code }: NodeJS.ErrnoException) => {
          answer(code !== 'ECONNREFUSED' && code !== 'ENOENT');
        });
      }),
  );
}

function listen(socketPath: string): Promise<net.Server> {
  const server = net.createServer((socket) => socket.destroy());
  // Holding a store open must not keep the process from ending.
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => {
      server.off('error', reject);
      // A failing accept changes nothing: the name is what counts.
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}

/** Calls `use` with a path to `name` that fits into a socket address, through a link if it must. */
async function withShortPath<T>(
  folder: string,
  name: string,
  use: (socketPath: string) => Promise<T>,
): Promise<T> {
  const direct = path.join(folder, name);
  if (Buffer.byteLength(direct) <= SOCKET_PATH_MAX_BYTES) return use(direct);
  const link = path.join(os.tmpdir(), `varve-${randomBytes(6).toString('hex')}`);
  fs.symlinkSync(path.resolve(folder), link);
  try {
    return await use(path.join(link, name));
  } finally {
    fs.rmSync(link, { force: true });
  }
}
