/**
 * Which process is it? Answered from `/proc`, so: Linux only.
 *
 * Always true: only descendants of a process that we started are ever looked at or ended. A tab's
 * renderer is known by the file it holds open; the renderer that appears with a new tab is often a
 * spare one for later.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export const HAS_PROC = process.platform === 'linux';

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; the parent stands two fields after its end.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** All processes below `root`, itself not included. */
export function descendantsOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  const queue = [root];
  while (queue.length > 0) {
    for (const child of children.get(queue.pop()!) ?? []) {
      found.push(child);
      queue.push(child);
    }
  }
  return found;
}

export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function filesBelow(pid: number, folder: string): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    }).length;
  } catch {
    return 0;
  }
}

/** Those of `pids` that hold files below `folder` open, and how many. */
export function holdersOf(pids: readonly number[], folder: string): Map<number, number> {
  const counts = pids.map((pid) => [pid, filesBelow(pid, folder)] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

/** SIGKILLs `pid` first, then what it leaves behind. */
export function killTree(pid: number): void {
  const below = HAS_PROC ? descendantsOf(pid) : [];
  for (const each of [pid, ...below]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It was gone already.
    }
  }
}

export async function gone(pids: readonly number[], deadlineMs = 5000): Promise<void> {
  const until = Date.now() + deadlineMs;
  while (pids.some(isAlive)) {
    if (Date.now() > until) throw new Error(`still alive after SIGKILL: ${pids.filter(isAlive)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
