/**
 * An origin's host as one tab sees it, which can be torn away from under it: what a killed renderer
 * leaves. Files, locks and channels come free; nothing more is done, said or heard.
 */
import { FileFault } from '@varve/files';
import type { Channel, Directory, HeldLock, Host, SyncFile } from '@varve/files';

export interface MortalHost {
  readonly host: Host;
  die(): void;
  /** Nothing is said or heard any more, and no timer runs; lock and files stay with it. */
  standStill(): void;
  /** It dies when the journal is about to be written, or was flushed and nobody told. */
  dieAt(moment: 'before-write' | 'flushed'): void;
}

export function mortalHost(origin: Host): MortalHost {
  const files = new Set<SyncFile>();
  const locks = new Set<HeldLock>();
  const channels = new Set<Channel>();
  const waiting = new AbortController();
  let isDead = false;
  let isStill = false;
  let moment: 'before-write' | 'flushed' | undefined;

  const die = (): void => {
    if (isDead) return;
    isDead = true;
    waiting.abort(new Error('the tab died'));
    for (const channel of channels) channel.close();
    for (const file of files) file.close();
    for (const lock of locks) lock.release();
  };
  const alive = (): void => {
    if (isDead) throw new FileFault('io', 'the tab died');
  };
  const reach = (now: typeof moment): void => {
    if (now !== moment) return;
    die();
    alive();
  };

  const mortalFile = (file: SyncFile, isJournal: boolean): SyncFile => {
    files.add(file);
    return {
      read: (buffer, options) => (alive(), file.read(buffer, options)),
      write(buffer, options) {
        alive();
        if (isJournal) reach('before-write');
        return file.write(buffer, options);
      },
      truncate: (size) => (alive(), file.truncate(size)),
      getSize: () => (alive(), file.getSize()),
      flush() {
        alive();
        file.flush();
        if (isJournal) reach('flushed');
      },
      close() {
        files.delete(file);
        file.close();
      },
    };
  };
  const mortalDirectory = (directory: Directory): Directory => ({
    async openFile(name, options) {
      alive();
      const file = await directory.openFile(name, options);
      if (isDead) file.close();
      alive();
      return mortalFile(file, name === 'journal');
    },
    hasFile: async (name) => (alive(), directory.hasFile(name)),
    removeFile: async (name) => (alive(), directory.removeFile(name)),
    async directory(name, options) {
      alive();
      const child = await directory.directory(name, options);
      return child && mortalDirectory(child);
    },
    removeDirectory: async (name) => (alive(), directory.removeDirectory(name)),
    list: async () => (alive(), directory.list()),
  });

  const host: Host = {
    ...origin,
    root: mortalDirectory(origin.root),
    timers: {
      after: (delayMs, task) =>
        origin.timers.after(delayMs, () => {
          if (!isDead && !isStill) task();
        }),
    },
    locks: {
      async acquire(name, options = {}) {
        const { signal } = options;
        const ending = new AbortController();
        const end = (): void => ending.abort(signal?.aborted === true ? signal.reason : undefined);
        signal?.addEventListener('abort', end);
        waiting.signal.addEventListener('abort', end);
        if (signal?.aborted === true || isDead) end();
        const lock = await origin.locks
          .acquire(name, { ...options, signal: ending.signal })
          .finally(() => {
            signal?.removeEventListener('abort', end);
            waiting.signal.removeEventListener('abort', end);
          });
        if (lock !== undefined) locks.add(lock);
        if (isDead) lock?.release();
        return lock;
      },
    },
    channels: {
      open(name, hear) {
        // In a task of its own, as everywhere but here: others have their turn in between.
        const channel = origin.channels!.open(name, (message) => {
          setImmediate(() => {
            if (!isStill && channels.has(channel)) hear(message);
          });
        });
        channels.add(channel);
        if (isDead) channel.close();
        return {
          post: (message) => {
            if (!isStill) channel.post(message);
          },
          close() {
            channels.delete(channel);
            channel.close();
          },
        };
      },
    },
  };
  return {
    host,
    die,
    standStill: () => (isStill = true),
    dieAt: (at) => (moment = at),
  };
}
