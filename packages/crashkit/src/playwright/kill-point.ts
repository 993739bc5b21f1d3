/**
 * Kill points: places inside a write where a worker stops dead until it is killed.
 *
 * Always true:
 * - `installKillPoints` runs in a worker before the app's own code; it is sent there as text, so it
 *   refers to nothing outside itself
 * - a worker that stands still has said so first, with a synchronous request that left the process
 * - it then never runs again: `Atomics.wait` without a wake; or, where it is to stand still for a
 *   while only ({@link StopAt.forMs}), goes on from there as if nothing had been
 */

/**
 * - `before-write`: nothing of this write is in the file
 * - `mid-write`: the first part is ({@link StopAt.cut})
 * - `written`: all of it is, unflushed
 * - `flushed`: the flush returned, nobody was told
 */
export const KILL_POINTS = ['before-write', 'mid-write', 'written', 'flushed'] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

/** Where a worker is to stop. */
export interface StopAt {
  /** One of {@link KILL_POINTS}, or a name that the app itself gives to `crashkit.reach(name)`. */
  readonly point: KillPoint | (string & {});
  /** Stop at the n-th time the point is passed (1, 2, 3 …; default: 1). */
  readonly nth?: number;
  /** Only in files of this name. */
  readonly file?: string;
  /** Writes that begin with 16 zero bytes do not count: they only make space for later. */
  readonly skipZeros?: boolean;
  /** Smaller writes do not count. */
  readonly leastBytes?: number;
  /** Stand still for so long, then go on (default: until it is killed). */
  readonly forMs?: number;
  /** `mid-write`: how much of the write is in the file, between 0 and 1 (default: half). */
  readonly cut?: number;
}

/** What a page or worker of the app finds as `globalThis.crashkit`. */
export interface CrashkitGlobal {
  /** An item that is about to be written. */
  issued(item: unknown): void;
  /** An item that the app now takes for safe. */
  acknowledged(item: unknown): void;
  /** In a worker: stops here when it is armed for this name. */
  reach(point: string): void;
}

export interface InstallOptions {
  readonly stop: StopAt | null;
  readonly paths: {
    readonly parked: string;
    readonly issued: string;
    readonly acknowledged: string;
  };
  /** Name of the BroadcastChannel by which a running worker is armed. */
  readonly channel: string;
}

/** As much of a sync access handle as is stopped; not every `lib` of a user knows them. */
interface StoppableHandle {
  write(buffer: BufferSource, options?: { at?: number }): number;
  flush(): void;
}

interface StoppableFile {
  createSyncAccessHandle?: (
    this: FileSystemFileHandle,
    ...options: unknown[]
  ) => Promise<StoppableHandle>;
}

/** In a worker. */
export function installKillPoints({ stop, paths, channel }: InstallOptions): void {
  // What a worker imports is asked for as a worker's script, too.
  if ('crashkit' in globalThis) return;
  let armed = stop;
  let passed = 0;
  new BroadcastChannel(channel).addEventListener('message', ({ data }: MessageEvent) => {
    armed = data as StopAt | null;
    passed = 0;
  });
  const say = (path: string, text: string): void => {
    const request = new XMLHttpRequest();
    request.open('POST', path, false);
    request.send(text);
  };
  const park = (point: string): void => {
    const { forMs } = armed!;
    say(paths.parked, point);
    // A page that is not cross-origin isolated has shared memory only through WebAssembly.
    const word = new Int32Array(
      typeof SharedArrayBuffer === 'function'
        ? new SharedArrayBuffer(4)
        : new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer,
    );
    do Atomics.wait(word, 0, 0, forMs);
    while (forMs === undefined);
  };
  const stopHere = (point: string): boolean =>
    point === armed?.point && ++passed === (armed.nth ?? 1);
  const crashkit: CrashkitGlobal = {
    issued: (item) => say(paths.issued, JSON.stringify(item)),
    acknowledged: (item) => say(paths.acknowledged, JSON.stringify(item)),
    reach(point) {
      if (stopHere(point)) park(point);
    },
  };
  Object.defineProperty(globalThis, 'crashkit', { value: crashkit });
  if (typeof FileSystemFileHandle === 'undefined') return;
  const prototype: object = FileSystemFileHandle.prototype;
  const stoppable = prototype as StoppableFile;
  const original = stoppable.createSyncAccessHandle;
  if (original === undefined) return;
  stoppable.createSyncAccessHandle = async function (this: FileSystemFileHandle, ...options) {
    const handle = await original.apply(this, options);
    const { name } = this;
    const write = handle.write.bind(handle);
    const flush = handle.flush.bind(handle);
    const concerned = (): boolean => armed !== null && (armed.file ?? name) === name;
    handle.write = (buffer, at): number => {
      if (armed === null || !concerned()) return write(buffer, at);
      const bytes = ArrayBuffer.isView(buffer)
        ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
        : new Uint8Array(buffer);
      const skipped =
        bytes.length < (armed.leastBytes ?? 0) ||
        (armed.skipZeros === true && bytes.subarray(0, 16).every((byte) => byte === 0));
      if (skipped) return write(buffer, at);
      if (stopHere('before-write')) park('before-write');
      if (stopHere('mid-write')) {
        write(bytes.subarray(0, Math.floor(bytes.length * (armed.cut ?? 0.5))), at);
        park('mid-write');
      }
      const written = write(buffer, at);
      if (stopHere('written')) park('written');
      return written;
    };
    handle.flush = (): void => {
      flush();
      if (concerned() && stopHere('flushed')) park('flushed');
    };
    return handle;
  };
}
