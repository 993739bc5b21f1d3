import { afterEach, describe, expect, test } from 'vitest';
import { openLog } from './index.ts';
import type { Log, OpenLogOptions } from './index.ts';

let names = 0;
const freshName = (): string => `w-${Date.now()}-${names++}`;
const opened: Log<unknown>[] = [];

async function open<T>(name: string, options: OpenLogOptions<T> = {}): Promise<Log<T>> {
  const log = await openLog<T>(name, options);
  opened.push(log as Log<unknown>);
  return log;
}

/** As another tab would see it: what this page has open is not found. */
function forgetThisPage(): void {
  (globalThis as { [key: symbol]: Map<string, unknown> })[Symbol.for('varve.open-stores')]!.clear();
}

afterEach(async () => {
  await Promise.allSettled(opened.splice(0).map((log) => log.close()));
});

const engineWorker = (): Worker =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const crashtestWorker = (name: string): Worker =>
  new Worker(new URL('../../engine/src/worker-crashtest.ts', import.meta.url), {
    type: 'module',
    name,
  });

describe('a worker', () => {
  test('that does not exist rejects WORKER_LOAD_FAILED, and says what to do', async () => {
    const worker = new Worker('/there-is-no-such-worker.js', { type: 'module' });
    const refused = openLog(freshName(), { worker });
    // Promised within 5 s: before this timer of the same page, however slow the machine is.
    const tooLate = new Promise((resolve) => setTimeout(resolve, 5900, 'too late'));
    await expect(Promise.race([refused, tooLate])).rejects.toMatchObject({
      code: 'WORKER_LOAD_FAILED',
      message: expect.stringContaining("optimizeDeps: { exclude: ['varve'] }"),
    });
  });

  test('is not started by an extension in somebody else’s page: CONTEXT_UNSUPPORTED, no store there', async () => {
    const global = globalThis as { chrome?: unknown };
    const before = global.chrome;
    const name = freshName();
    try {
      global.chrome = { runtime: { id: 'abcdefghijklmnop' } };
      await expect(openLog(name)).rejects.toMatchObject({ code: 'CONTEXT_UNSUPPORTED' });
    } finally {
      global.chrome = before;
    }
    await expect(openLog(name, { create: false })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('that was terminated is noticed: what waits rejects, and the log opens again', async () => {
    const name = freshName();
    const worker = engineWorker();
    const log = await open<number>(name, { worker: () => worker });
    let acknowledged = await log.append(1);
    const died = { code: 'WORKER_DIED' };
    const heard: number[] = [];
    const tailEnd = (async () => {
      for await (const { lsn } of log.tail({ after: 1 })) heard.push(lsn);
    })().catch((error: unknown) => error);
    worker.terminate();
    // A worker that was told to end may still finish what it has begun: sooner or later one fails.
    const appending = (async () => {
      for (;;) acknowledged = await log.append(acknowledged + 1);
    })();
    await expect(appending).rejects.toMatchObject(died);
    expect(await tailEnd).toMatchObject(died);
    const again = await open<number>(name);
    expect(again.status().lastLsn).toBeGreaterThanOrEqual(acknowledged);
    expect((await again.get(acknowledged))?.value).toBe(acknowledged);
    expect(heard.every((lsn) => lsn <= again.status().lastLsn)).toBe(true);
  });

  test('of the application serves several stores and is left running', async () => {
    const worker = engineWorker();
    const [a, b] = [freshName(), freshName()];
    const [first, second] = await Promise.all([open(a, { worker }), open(b, { worker })]);
    await Promise.all([first.append(1), second.append(2)]);
    await first.close();
    expect(await second.append(3)).toBe(2);
    await second.close();
    const third = await open(a, { worker });
    expect(third.status().lastLsn).toBe(1);
    await third.close();
    worker.terminate();
  });

  test('of the application lets go of a store whose open was given up', async () => {
    const worker = engineWorker();
    const name = freshName();
    const abort = new AbortController();
    const opening = openLog(name, { worker, signal: abort.signal });
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED' });
    const log = await open<number>(name, { worker });
    expect(await log.append(1)).toBe(1);
    await log.close();
    worker.terminate();
  });
});

describe('where Trusted Types are required', () => {
  test('the worker starts under the policy named varve, more than once', async () => {
    const frame = document.createElement('iframe');
    frame.srcdoc = `
      <meta http-equiv="Content-Security-Policy"
        content="require-trusted-types-for 'script'; trusted-types varve">
      <script type="module">
        import { openLog } from '${new URL('./index.ts', import.meta.url).href}';
        let result = 'trustedTypes' in self ? 'enforced' : 'unknown here';
        try {
          for (const name of ['tt-1', 'tt-2']) await (await openLog(name)).close();
          result += ', opened';
        } catch (error) {
          result += String(error);
        }
        parent.postMessage({ trustedTypes: result }, '*');
      </script>`;
    const told = new Promise<string>((resolve) => {
      addEventListener('message', ({ data }) => data?.trustedTypes && resolve(data.trustedTypes));
    });
    document.body.append(frame);
    expect(await told).toMatch(/^(enforced|unknown here), opened$/);
    frame.remove();
  });
});

describe('another tab', () => {
  test('shares the store: it follows, then leads when the first has closed', async () => {
    const name = freshName();
    const first = await open<number>(name);
    await first.append(1);
    forgetThisPage();
    const second = await open<number>(name);
    expect([first.status().role, second.status().role]).toEqual(['leader', 'follower']);
    const tail = second.tail();
    expect((await tail.next()).value?.value).toBe(1);
    expect(await second.append(2)).toBe(2);
    expect((await tail.next()).value?.value).toBe(2);
    const role = new Promise<string>((resolve) => {
      second.addEventListener('role', (event) => resolve(event.detail.role));
    });
    await first.close();
    expect(await role).toBe('leader');
    expect(await second.append(3)).toBe(3);
    expect((await tail.next()).value?.value).toBe(3);
    const values: number[] = [];
    for await (const { value } of second.read()) values.push(value);
    expect(values).toEqual([1, 2, 3]);
  });

  test('that holds the lock and says nothing makes an open LEADER_UNRESPONSIVE, within its bound', async () => {
    const name = freshName();
    let release = (): void => undefined;
    const held = new Promise<void>((done) => {
      void navigator.locks.request(`varve/varve:${name}`, () => {
        done();
        return new Promise<void>((resolve) => (release = resolve));
      });
    });
    await held;
    await expect(openLog(name, { busyTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'LEADER_UNRESPONSIVE',
      facts: { store: name },
    });
    const waiting = open<number>(name, { busyTimeoutMs: 5000 });
    release();
    expect((await waiting).status().role).toBe('leader');
  });
});

describe('a page that is hidden', () => {
  test('gives its store back, and takes it again when it is shown', async () => {
    const name = freshName();
    const first = await open<number>(name);
    await first.append(1);
    const tail = first.tail();
    expect((await tail.next()).value?.value).toBe(1);
    const waiting = tail.next();
    // A hidden page asks for nothing: the tail must have got to its waiting before.
    await new Promise((resolve) => setTimeout(resolve, 300));
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    forgetThisPage();
    const second = await open<number>(name, { busyTimeoutMs: 20_000 });
    expect(await second.append(2)).toBe(2);
    await second.close();
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    expect((await waiting).value?.value).toBe(2);
    expect(await first.append(3)).toBe(3);
  });
});

describe('a worker that stops at a kill point', () => {
  test.each([
    ['journal:before-write', [0]],
    ['journal:written-not-flushed', [1]],
    ['journal:flushed-not-acked', [1]],
  ])(
    '%s and is killed: the append is told to be unknown, the next open tells which',
    async (point, found) => {
      const name = freshName();
      const worker = crashtestWorker('crashtest');
      const log = await open<number>(name, { worker: () => worker });
      const parked = new Promise<MessageEvent>((resolve) => (worker.onmessage = resolve));
      worker.postMessage({ kind: 'varve:park', point });
      const pending = log.append(1);
      expect((await parked).data).toEqual({ kind: 'varve:parked', point });
      worker.terminate();
      await expect(pending).rejects.toMatchObject({ code: 'WORKER_DIED', outcome: 'unknown' });
      const again = await open<number>(name);
      expect(found).toContain(again.status().lastLsn);
    },
  );
});
