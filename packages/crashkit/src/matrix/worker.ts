/**
 * The worker of the matrix: sync access handles exist only in one. Every order leaves behind nothing
 * but what it says.
 */

/** As much of a sync access handle as is measured; not every `lib` knows them. */
interface Handle {
  read(buffer: Uint8Array, options?: { at: number }): number;
  write(buffer: Uint8Array, options?: { at: number }): number;
  flush(): void;
  truncate(size: number): void;
  getSize(): number;
  close(): void;
}

interface File {
  createSyncAccessHandle?: (options?: { mode: string }) => Promise<Handle>;
  move?: unknown;
  createWritable?: unknown;
}

const MIB = 1 << 20;
const held: Handle[] = [];

async function fileOf(name: string): Promise<File & FileSystemFileHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getFileHandle(name, { create: true });
}

async function open(name: string, mode?: string): Promise<Handle> {
  const file: File = await fileOf(name);
  if (file.createSyncAccessHandle === undefined) throw new Error('no createSyncAccessHandle');
  return file.createSyncAccessHandle(...(mode === undefined ? [] : [{ mode }]));
}

async function withFile<T>(name: string, work: (handle: Handle) => T | Promise<T>): Promise<T> {
  const handle = await open(name);
  try {
    return await work(handle);
  } finally {
    handle.close();
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(name);
  }
}

const noise = (bytes: number): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) {
    crypto.getRandomValues(out.subarray(at, Math.min(bytes, at + 65_536)));
  }
  return out;
};

/** Of `work` alone; `before` it, each time, something is prepared. */
function medianMs(
  times: number,
  work: (index: number) => void,
  before: () => void = () => undefined,
): number {
  const samples = Array.from({ length: times }, (_, index) => {
    before();
    const begun = performance.now();
    work(index);
    return performance.now() - begun;
  });
  return samples.sort((a, b) => a - b)[times >> 1]!;
}

/** How an operation ended: `ok`, or the error's name. */
async function endOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'ok';
  } catch (error) {
    // Firefox throws some that are neither an Error nor a DOMException.
    return (error as { name?: string } | null)?.name ?? String(error);
  }
}

const ORDERS = {
  flushTimes: () =>
    withFile('matrix-flush', (file) => {
      const block = noise(4096);
      const large = noise(4 * MIB);
      file.write(large, { at: 0 });
      file.flush();
      return {
        overwriteMs: medianMs(40, (index) => {
          file.write(block, { at: index * 4096 });
          file.flush();
        }),
        growMs: medianMs(40, (index) => {
          file.write(block, { at: 4 * MIB + index * 4096 });
          file.flush();
        }),
        emptyMs: medianMs(40, () => file.flush()),
        large4MiBMs: medianMs(
          5,
          () => file.flush(),
          () => file.write(large, { at: 0 }),
        ),
      };
    }),
  largeWrite: () =>
    withFile('matrix-large', (file) => {
      const asked = 32 * MIB;
      return { asked, written: file.write(new Uint8Array(asked).fill(7), { at: 0 }) };
    }),
  reads: () =>
    withFile('matrix-reads', (file) => {
      file.write(noise(100), { at: 0 });
      const buffer = new Uint8Array(64);
      return { across: file.read(buffer, { at: 80 }), behind: file.read(buffer, { at: 200 }) };
    }),
  async closeWithoutFlush() {
    const first = await open('matrix-close');
    first.write(noise(4096), { at: 0 });
    first.close();
    return withFile('matrix-close', (file) => file.getSize() === 4096);
  },
  secondHandle: () => withFile('matrix-second', () => endOf(() => open('matrix-second'))),
  removeWhileOpen: () =>
    withFile('matrix-remove', () =>
      endOf(async () => (await navigator.storage.getDirectory()).removeEntry('matrix-remove')),
    ),
  /** Two handles at once, if the mode is heeded. */
  async unsafeMode() {
    const first = await open('matrix-mode', 'readwrite-unsafe');
    const second = await endOf(async () => {
      (await open('matrix-mode', 'readwrite-unsafe')).close();
    });
    first.close();
    return second;
  },
  wrongMode: () => endOf(async () => (await open('matrix-wrong', 'no-such-mode')).close()),
  writeAfterClose: async () => {
    const file = await open('matrix-closed');
    file.close();
    return endOf(() => file.write(noise(16), { at: 0 }));
  },
  async quota() {
    const { quota = 0 } = await navigator.storage.estimate();
    return withFile('matrix-quota', async (file) => {
      file.write(noise(4096), { at: 0 });
      const truncate = await endOf(() => file.truncate(quota + 64 * MIB));
      const unchanged = file.getSize() === 4096;
      if (!unchanged) file.truncate(4096);
      const overwrite = await endOf(() => {
        file.write(noise(4096), { at: 0 });
        file.flush();
      });
      return { truncate, unchanged, overwrite };
    });
  },
  /** For an origin whose quota is less than 32 MiB. */
  smallQuota: () =>
    withFile('matrix-small', async (file) => {
      file.write(noise(4096), { at: 0 });
      const across = await endOf(() => file.write(noise(32 * MIB), { at: 2048 }));
      return { across, unchanged: file.getSize() === 4096 };
    }),
  usage: () =>
    withFile('matrix-usage', async (file) => {
      const before = (await navigator.storage.estimate()).usage ?? 0;
      file.write(noise(8 * MIB), { at: 0 });
      file.flush();
      return ((await navigator.storage.estimate()).usage ?? 0) - before;
    }),
  names: async () => {
    const root = await navigator.storage.getDirectory();
    const begun = performance.now();
    for (let index = 0; index < 40; index++) await fileOf(`matrix-name-${index}`);
    const createMs = (performance.now() - begun) / 40;
    for (let index = 0; index < 40; index++) await root.removeEntry(`matrix-name-${index}`);
    return createMs;
  },
  surface: async () => {
    const file: File = await fileOf('matrix-surface');
    return { move: 'move' in file, createWritable: 'createWritable' in file };
  },
  /** Keeps a handle and a lock until it is killed, or closed. */
  async hold() {
    held.push(await open('matrix-held'));
    void navigator.locks.request('matrix-held', () => new Promise(() => undefined));
    return true;
  },
  letGo() {
    for (const handle of held.splice(0)) handle.close();
    return true;
  },
  /** Still works on a handle whose file may be gone. */
  useHeld: () =>
    endOf(() => {
      const [handle] = held;
      if (handle === undefined) throw new Error('nothing is held');
      handle.write(noise(4096), { at: 0 });
      handle.flush();
    }),
  /** How long until the held file can be opened. */
  async untilFree() {
    const begun = performance.now();
    for (;;) {
      const end = await endOf(async () => (await open('matrix-held')).close());
      const ms = performance.now() - begun;
      if (end === 'ok') return ms;
      if (ms > 10_000) throw new Error(`not free after 10 s: ${end}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  },
  async untilLockIsFree() {
    const begun = performance.now();
    await navigator.locks.request('matrix-held', () => undefined);
    return performance.now() - begun;
  },
  async cleanUp() {
    const root = await navigator.storage.getDirectory();
    for await (const name of root.keys()) {
      if (name.startsWith('matrix-')) await root.removeEntry(name).catch(() => undefined);
    }
    return true;
  },
} satisfies Record<string, () => unknown>;

type Orders = typeof ORDERS;
export type Order = keyof Orders;
/** What an order answers. */
export type Answer<O extends Order> = Awaited<ReturnType<Orders[O]>>;
export type Answered = { readonly value: unknown } | { readonly failed: string };

const say = (answer: Answered): void => globalThis.postMessage(answer);

globalThis.onmessage = ({ data }: MessageEvent<Order | 'spin'>) => {
  if (data === 'spin') {
    say({ value: true });
    // Busy, as an engine in the middle of its work is: nothing in it hears that it shall end.
    for (;;) Math.hypot(1, 2);
  }
  Promise.resolve(ORDERS[data]()).then(
    (value) => say({ value }),
    (error: unknown) => say({ failed: String(error) }),
  );
};
