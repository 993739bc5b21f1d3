/** Links that go by port: engines of one page, as several tabs would have them. */
import { afterEach, describe, expect, test } from 'vitest';
import { bytesCodec } from './codec/index.ts';
import { openLog } from './index.ts';
import type { Log, OpenLogOptions } from './index.ts';
import { ports } from './ports.ts';
import { ring } from './ring.ts';
import { deleteStore } from './stores.ts';
import { openVolume } from './volume.ts';

let names = 0;
/** Machines that test are slow and shared. */
const soon = { timeout: 30_000 };
const freshName = (): string => `ports-${Date.now()}-${names++}`;
const opened: Log<Uint8Array>[] = [];

/** As another tab would see it: what this page has open is not found. */
function forgetThisPage(kind: 'stores' | 'volumes'): void {
  (globalThis as { [key: symbol]: Map<string, unknown> })[
    Symbol.for(`varve.open-${kind}`)
  ]?.clear();
}

async function open(
  name: string,
  options: OpenLogOptions<Uint8Array> = {},
): Promise<Log<Uint8Array>> {
  forgetThisPage('stores');
  const log = await openLog(name, { codec: bytesCodec, transport: ports(), ...options });
  opened.push(log);
  return log;
}

const linkOf = async (log: Log<Uint8Array>): Promise<string | undefined> =>
  (await log.refreshStatus()).link;

/** Runs `work` in a page whose `SharedWorker` is that. */
async function withSharedWorker<T>(value: unknown, work: () => Promise<T>): Promise<T> {
  const before = globalThis.SharedWorker;
  Object.assign(globalThis, { SharedWorker: value });
  try {
    return await work();
  } finally {
    Object.assign(globalThis, { SharedWorker: before });
  }
}

/** Somebody waits for that lock: a page that would learn of the end of who holds it. */
const isWatched = async (life: string): Promise<boolean> =>
  (await navigator.locks.query()).pending!.some(({ name }) => name === life);

/** What stands for `SharedWorker`: introducers that bring nobody together, and live as long as a test likes. */
function idleIntroducers({ isThere = true, dies = false } = {}) {
  const ports: MessagePort[] = [];
  const lives: string[] = [];
  const ends: (() => void)[] = [];
  const start = function start(): { readonly port: MessagePort } {
    const { port1, port2 } = new MessageChannel();
    ports.push(port2);
    if (isThere) live(port2);
    return { port: port1 };
  };
  function live(port: MessagePort): void {
    const life = `idle:${crypto.randomUUID()}`;
    lives.push(life);
    void navigator.locks.request(life, async () => {
      port.postMessage(life);
      if (dies) await expect.poll(() => isWatched(life), soon).toBe(true);
      else await new Promise<void>((resolve) => ends.push(resolve));
    });
  }
  return {
    start,
    count: () => ports.length,
    areWatched: async () => {
      const watched = await Promise.all(lives.map(isWatched));
      return watched.length === ports.length && !watched.includes(false);
    },
    die: () => ends.map((end) => end()),
  };
}

/** Longer than a page waits before it starts another. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000));

afterEach(async () => {
  const stores = new Set(opened.map(({ name }) => name));
  await Promise.allSettled(opened.splice(0).map((log) => log.close()));
  for (const name of stores) await deleteStore(name);
});

describe('two pages that ask for ports', () => {
  test('a follower’s link goes by port: what it appends and reads is what the leader has', async () => {
    const name = freshName();
    const leader = await open(name);
    const follower = await open(name);
    await expect.poll(() => linkOf(follower), soon).toBe('port');
    expect(await linkOf(leader)).toBe(undefined);
    for (let lsn = 1; lsn <= 50; lsn++) {
      expect(await follower.append(new Uint8Array([lsn]))).toBe(lsn);
    }
    expect(await leader.append(new Uint8Array(300_000).fill(51))).toBe(51);
    expect((await follower.get(51))?.value).toEqual(new Uint8Array(300_000).fill(51));
    // The follower's own copy is still there for the next leader: nothing it keeps was given away.
    expect(await follower.append(new Uint8Array(200_000).fill(52))).toBe(52);
    expect((await leader.get(52))?.value).toEqual(new Uint8Array(200_000).fill(52));
  });

  test('what is appended from the first moment on keeps its order while the way changes', async () => {
    const name = freshName();
    await open(name);
    const follower = await open(name);
    const lsns = await Promise.all(
      Array.from({ length: 300 }, async (_, at) => {
        if (at % 10 === 0) await new Promise((resolve) => setTimeout(resolve, at / 10));
        return follower.append(new Uint8Array([at % 256]));
      }),
    );
    expect([...lsns].sort((a, b) => a - b)).toEqual(lsns.map((_, at) => at + 1));
    await expect.poll(() => linkOf(follower), soon).toBe('port');
  });

  test('when the leader goes, the next one is asked by port, and nothing is lost or twice', async () => {
    const name = freshName();
    const [first, second, third] = [await open(name), await open(name), await open(name)];
    await expect.poll(() => linkOf(third), soon).toBe('port');
    const appended: number[] = [];
    let isOver = false;
    const appending = (async () => {
      for (let n = 0; !isOver; n++) {
        appended.push(await third.append(new Uint8Array([n % 256, n >> 8])));
      }
    })();
    await expect.poll(() => appended.length, soon).toBeGreaterThan(5);
    await first.close();
    await expect.poll(async () => (await second.refreshStatus()).role, soon).toBe('leader');
    await expect.poll(() => linkOf(third), soon).toBe('port');
    isOver = true;
    await appending;
    const values: number[] = [];
    for await (const { value } of second.read()) values.push(value[0]! + 256 * value[1]!);
    expect(values).toEqual(appended.map((_, n) => n));
  });

  test('a volume’s followers have ports, too', async () => {
    const name = freshName();
    const openIt = () => {
      forgetThisPage('volumes');
      return openVolume(name, { sizeBytes: 1 << 20, transport: ports() });
    };
    const leader = await openIt();
    const follower = await openIt();
    await expect.poll(async () => (await follower.status()).store.link, soon).toBe('port');
    await follower.write(4096, new Uint8Array(8192).fill(9));
    expect(await leader.read(4096, 8192)).toEqual(new Uint8Array(8192).fill(9));
    expect(await follower.read(0, 8192)).toEqual(new Uint8Array(8192).fill(9, 4096));
    await follower.close();
    await leader.close();
    await deleteStore(name);
  });

  test('beside a ring: the leader’s page appends by that, the follower asks by port', async () => {
    const name = freshName();
    const leader = await open(name, { transport: ports(ring()) });
    const follower = await open(name, { transport: ports(ring()) });
    await expect.poll(() => linkOf(follower), soon).toBe('port');
    for (let n = 0; n < 50; n++) {
      await leader.append(new Uint8Array([n]));
      await follower.append(new Uint8Array([n]));
    }
    expect(leader.status().lastLsn).toBeGreaterThanOrEqual(99);
  });
});

/** A leader and a follower of one log, whose introducers bring nobody together yet. */
async function openUnintroduced() {
  const name = freshName();
  const introducers = idleIntroducers();
  const follower = await withSharedWorker(introducers.start, async () => {
    await open(name);
    return open(name);
  });
  await expect.poll(introducers.areWatched, soon).toBe(true);
  return { name, follower, introducers };
}

describe('an introducer that dies', () => {
  test('is replaced: links that had not met go by port, and so do new ones', async () => {
    const { name, follower, introducers } = await openUnintroduced();
    expect(await follower.append(new Uint8Array([1]))).toBe(1);
    expect(await linkOf(follower)).toBe('channel');
    introducers.die();
    await expect.poll(() => linkOf(follower), soon).toBe('port');
    expect(await follower.append(new Uint8Array([2]))).toBe(2);
    const late = await open(name);
    await expect.poll(() => linkOf(late), soon).toBe('port');
  });

  test('is replaced while nothing else happens: the follower’s status says that it goes by port', async () => {
    const { follower, introducers } = await openUnintroduced();
    await aWhile();
    expect(follower.status().link).toBe('channel');
    introducers.die();
    await expect.poll(() => follower.status().link, soon).toBe('port');
  });

  test('at once, again and again, is left alone: links stay on the channel', async () => {
    const idle = idleIntroducers({ dies: true });
    await withSharedWorker(idle.start, async () => {
      const log = await open(freshName());
      await expect.poll(idle.count, soon).toBe(5);
      await aWhile();
      expect(idle.count()).toBe(5);
      expect(await log.append(new Uint8Array([1]))).toBe(1);
    });
  });

  test('before it ever said that it is there: it may never be, and is not started again', async () => {
    const idle = idleIntroducers({ isThere: false });
    await withSharedWorker(idle.start, async () => {
      await open(freshName());
      idle.die();
      await aWhile();
      expect(idle.count()).toBe(1);
    });
  });

  test('after the log was closed is not replaced', async () => {
    const idle = idleIntroducers();
    await withSharedWorker(idle.start, async () => {
      const log = await open(freshName());
      await expect.poll(idle.areWatched, soon).toBe(true);
      await log.close();
      idle.die();
      await aWhile();
      expect(idle.count()).toBe(1);
    });
  });
});

describe('the link stays on the channel', () => {
  test('where the other page has not asked for ports', async () => {
    const name = freshName();
    await open(name, { transport: undefined });
    const follower = await open(name);
    expect(await follower.append(new Uint8Array([1]))).toBe(1);
    expect(await linkOf(follower)).toBe('channel');
  });

  test('where there is no SharedWorker: what else stands in the way is used', async () => {
    await withSharedWorker(undefined, async () => {
      expect(ports()).toBe(undefined);
      const next = ring();
      expect(ports(next)).toBe(next);
    });
  });

  test('where one is refused', async () => {
    const refusing = function refusing(): never {
      throw new DOMException('not here', 'SecurityError');
    };
    const name = freshName();
    await withSharedWorker(refusing, async () => {
      await open(name);
      const follower = await open(name);
      expect(await follower.append(new Uint8Array([1]))).toBe(1);
      expect(await linkOf(follower)).toBe('channel');
    });
  });

  test('where its script does not load: nothing waits for it', async () => {
    const before = SharedWorker;
    const lost = function lost(): SharedWorker {
      return new before('/there-is-no-such-script.js', { type: 'module' });
    };
    const name = freshName();
    await withSharedWorker(lost, async () => {
      await open(name);
      const follower = await open(name);
      expect(await follower.append(new Uint8Array([1]))).toBe(1);
      expect(await linkOf(follower)).toBe('channel');
    });
  });
});
