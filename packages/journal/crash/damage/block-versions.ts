/**
 * What each block of a file held before: for writes that are lost, or land in another place.
 *
 * Always true:
 * - a version was on the disk: a flush had returned. What a power cut took away unflushed never was
 * - the versions of a block are in the order they were written, and no two that follow each other are
 *   equal; the first is what a new file reads as: zeros
 */
import type { Directory, Host, SyncFile } from '@varve/files';

export class BlockVersions {
  readonly blockBytes: number;
  private readonly versions = new Map<number, Uint8Array[]>();

  constructor(blockBytes: number) {
    this.blockBytes = blockBytes;
  }

  /** Notes what changed in `[from, to)` of a file that now holds `bytes`. */
  note(bytes: Uint8Array, from: number, to: number): void {
    const { blockBytes } = this;
    for (let block = Math.floor(from / blockBytes); block * blockBytes < to; block++) {
      const now = bytes.slice(block * blockBytes, (block + 1) * blockBytes);
      if (now.length < blockBytes) continue;
      const known = this.versions.get(block) ?? [new Uint8Array(blockBytes)];
      this.versions.set(block, known);
      if (!equalBytes(known.at(-1)!, now)) known.push(now);
    }
  }

  /** Older contents of a block, each different from what it holds now; the latest first. */
  olderThanNow(block: number, now: Uint8Array): Uint8Array[] {
    const known = this.versions.get(block) ?? [];
    const seen: Uint8Array[] = [];
    for (const version of known.toReversed()) {
      if (equalBytes(version, now) || seen.some((other) => equalBytes(other, version))) continue;
      seen.push(version);
    }
    return seen;
  }
}

/** The same host, whose files say what was written to them: `settled(from, to)` after each flush. */
export function watchedHost(host: Host, settled: (from: number, to: number) => void): Host {
  return { ...host, root: watchedDirectory(host.root, settled) };
}

function watchedDirectory(
  directory: Directory,
  settled: (from: number, to: number) => void,
): Directory {
  return {
    openFile: async (name, options) =>
      watchedFile(await directory.openFile(name, options), settled),
    hasFile: (name) => directory.hasFile(name),
    removeFile: (name) => directory.removeFile(name),
    directory: async (name, options) => {
      const found = await directory.directory(name, options);
      return found && watchedDirectory(found, settled);
    },
    removeDirectory: (name) => directory.removeDirectory(name),
    list: () => directory.list(),
  };
}

function watchedFile(file: SyncFile, settled: (from: number, to: number) => void): SyncFile {
  let dirty: { from: number; to: number }[] = [];
  return {
    read: (buffer, options) => file.read(buffer, options),
    write: (buffer, { at }) => {
      const moved = file.write(buffer, { at });
      dirty.push({ from: at, to: at + moved });
      return moved;
    },
    truncate: (size) => file.truncate(size),
    getSize: () => file.getSize(),
    flush: () => {
      file.flush();
      for (const { from, to } of dirty) settled(from, to);
      dirty = [];
    },
    close: () => file.close(),
  };
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
