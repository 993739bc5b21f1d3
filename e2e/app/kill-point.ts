/**
 * Kill points: places inside a write where a worker stops dead until it is killed.
 *
 * Installed in a worker before the engine loads, over `createSyncAccessHandle`, so that any engine
 * can be stopped without knowing it. The worker says where it is with a synchronous request (which
 * has left the process when it returns) and then never runs again: `Atomics.wait` without a wake.
 */

/**
 * - `before-write`: nothing of this write is in the file
 * - `mid-write`: the first part is ({@link Armed.cut})
 * - `written`: all of it is, unflushed
 * - `flushed`: the flush returned, nobody was told
 */
export const KILL_POINTS = ['before-write', 'mid-write', 'written', 'flushed'] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

export interface Armed {
  /** The file's name, e.g. `journal`. */
  readonly file: string;
  readonly point: KillPoint;
  /** Stop at the n-th time the point is passed (1, 2, 3 …). */
  readonly nth: number;
  /** Where to report: a path of this origin. */
  readonly reportUrl: string;
  /** Writes that only zero space for later do not count. */
  readonly skipZeros?: boolean;
  /** Smaller writes do not count. */
  readonly leastBytes?: number;
  /** `mid-write`: how much of the write is in the file, between 0 and 1 (default: half). */
  readonly cut?: number;
}

/** Where a worker finds its orders: in its own name. */
export interface WorkerOrders {
  readonly armed?: Armed;
  readonly broken?: string;
}

export function ordersOf(workerName: string): WorkerOrders {
  return workerName.startsWith('{') ? (JSON.parse(workerName) as WorkerOrders) : {};
}

/** A word of shared memory; WebAssembly's is there without cross-origin isolation too. */
function sharedWord(): Int32Array {
  const memory =
    typeof SharedArrayBuffer === 'function'
      ? new SharedArrayBuffer(4)
      : new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
  return new Int32Array(memory);
}

function park(armed: Armed): never {
  const request = new XMLHttpRequest();
  request.open('POST', armed.reportUrl, false);
  request.send(armed.point);
  const word = sharedWord();
  for (;;) Atomics.wait(word, 0, 0);
}

/** Stops the current thread at `armed`. */
export function armKillPoint(armed: Armed): void {
  const original = FileSystemFileHandle.prototype.createSyncAccessHandle;
  let passed = 0;
  const stopHere = (point: KillPoint): boolean => point === armed.point && ++passed === armed.nth;
  FileSystemFileHandle.prototype.createSyncAccessHandle = async function (
    this: FileSystemFileHandle,
    ...options: Parameters<typeof original>
  ): Promise<FileSystemSyncAccessHandle> {
    const handle = await original.apply(this, options);
    if (this.name !== armed.file) return handle;
    const write = handle.write.bind(handle);
    const flush = handle.flush.bind(handle);
    handle.write = (buffer, at): number => {
      const bytes = ArrayBuffer.isView(buffer)
        ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
        : new Uint8Array(buffer);
      const skipped =
        bytes.length < (armed.leastBytes ?? 0) ||
        (armed.skipZeros === true && bytes.subarray(0, 16).every((byte) => byte === 0));
      if (skipped) return write(buffer, at);
      if (stopHere('before-write')) park(armed);
      if (stopHere('mid-write')) {
        write(bytes.subarray(0, Math.floor(bytes.length * (armed.cut ?? 0.5))), at);
        park(armed);
      }
      const written = write(buffer, at);
      if (stopHere('written')) park(armed);
      return written;
    };
    handle.flush = (): void => {
      flush();
      if (stopHere('flushed')) park(armed);
    };
    return handle;
  };
}
