/** Every method in every state a log can be in: each ends, with a result or with a code. */
import type { Directory, Host, SyncFile } from '@varve/files';
import { FileFault } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { isVarveError } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import type { Log } from './api.ts';
import { collect, testEngine } from './test/harness.ts';
import type { TestEngine } from './test/harness.ts';

const METHODS: Record<string, (log: Log<number>) => unknown> = {
  append: (log) => log.append(1),
  appendBatch: (log) => log.appendBatch([1, 2]),
  tryAppend: (log) => log.tryAppend(1),
  appendStream: (log) => log.appendStream(new Blob(['stream']).stream()),
  flush: (log) => log.flush(),
  get: (log) => log.get(1),
  getStream: async (log) => log.getStream(1).getReader().read(),
  read: (log) => collect(log.read()),
  tail: async (log) => log.tail().next(),
  recover: (log) => log.recover((sum, { value }) => sum + value, 0),
  replay: (log) => collect(log.replay()),
  checkpoint: (log) => log.checkpoint({ sum: 1 }, { upTo: 1 }),
  trim: (log) => log.trim(1),
  project: async (log) => log.project((sum, { value }) => sum + value, 0).ready,
  refreshStatus: (log) => log.refreshStatus(),
  layout: (log) => log.layout(),
  batches: (log) => log.batches(0),
  export: async (log) => log.export().getReader().read(),
  salvage: (log) => log.salvage(() => undefined),
};

const APPENDS = ['append', 'appendBatch', 'tryAppend', 'appendStream'];

/** What became of a call: `ok`, or the code of its error. */
async function outcomeOf(call: unknown): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return isVarveError(error) ? error.code : `not ours: ${String(error)}`;
  }
}

async function openWithOne(engine: TestEngine): Promise<Log<number>> {
  const log = await engine.open<number>('lifecycle', { segmentSizeBytes: 65_536 });
  await log.append(1);
  return log;
}

/** A host whose disk can stop taking flushes. */
function failingHost(): { host: Host; fail: () => void } {
  const inner = createMemoryHost();
  let failing = false;
  const watch = (directory: Directory): Directory => ({
    openFile: async (name, options) => {
      const file = await directory.openFile(name, options);
      const flush = (): void => {
        if (failing) throw new FileFault('io', 'the disk went away');
        file.flush();
      };
      const watched: SyncFile = {
        read: (buffer, at) => file.read(buffer, at),
        write: (buffer, at) => file.write(buffer, at),
        truncate: (size) => file.truncate(size),
        getSize: () => file.getSize(),
        close: () => file.close(),
        flush,
      };
      return watched;
    },
    hasFile: (name) => directory.hasFile(name),
    removeFile: (name) => directory.removeFile(name),
    directory: async (name, options) => {
      const child = await directory.directory(name, options);
      return child && watch(child);
    },
    removeDirectory: (name) => directory.removeDirectory(name),
    list: () => directory.list(),
  });
  // A store tries to come back for seconds before it says that it will not.
  const timers = { after: (ms: number, task: () => void) => inner.timers.after(ms / 50, task) };
  return { host: { ...inner, timers, root: watch(inner.root) }, fail: () => void (failing = true) };
}

/** A host whose files can be gone from one moment to the next, as when site data is cleared. */
function vanishingHost(): { host: Host; vanish: () => void } {
  const inner = createMemoryHost();
  let gone = false;
  const watch = (directory: Directory): Directory => ({
    openFile: (name, options) => directory.openFile(name, options),
    hasFile: async (name) => !gone && directory.hasFile(name),
    removeFile: (name) => directory.removeFile(name),
    directory: async (name, options) => {
      const child = gone ? undefined : await directory.directory(name, options);
      return child && watch(child);
    },
    removeDirectory: (name) => directory.removeDirectory(name),
    list: () => directory.list(),
  });
  return { host: { ...inner, root: watch(inner.root) }, vanish: () => void (gone = true) };
}

interface State {
  readonly name: string;
  /** Brings a log into the state. */
  reach(): Promise<Log<number>>;
  /** What every method answers; `except` names those that differ. */
  readonly answer: string;
  readonly except?: Readonly<Record<string, string>>;
  readonly appendOutcome?: 'not-written' | 'unknown';
}

const STATES: readonly State[] = [
  { name: 'open', reach: () => openWithOne(testEngine()), answer: 'ok' },
  {
    name: 'poisoned',
    reach: async () => {
      const { host, fail } = failingHost();
      const log = await openWithOne(testEngine({ durableHost: async () => host }));
      fail();
      await expect(log.append(2)).rejects.toMatchObject({ outcome: 'unknown' });
      await expect
        .poll(async () => (await log.refreshStatus()).state, { timeout: 10_000 })
        .toBe('poisoned');
      return log;
    },
    answer: 'POISONED',
    except: { refreshStatus: 'ok' },
    appendOutcome: 'not-written',
  },
  {
    name: 'lost',
    reach: async () => {
      const { host, vanish } = vanishingHost();
      const log = await openWithOne(testEngine({ durableHost: async () => host }));
      vanish();
      await expect
        .poll(() => outcomeOf(log.append(2)), { timeout: 10_000, interval: 50 })
        .toBe('STORE_LOST');
      return log;
    },
    answer: 'STORE_LOST',
    except: { refreshStatus: 'ok' },
    appendOutcome: 'not-written',
  },
  {
    name: 'closing',
    reach: async () => {
      const log = await openWithOne(testEngine());
      void log.close();
      return log;
    },
    answer: 'CLOSED',
    appendOutcome: 'not-written',
  },
  {
    name: 'closed',
    reach: async () => {
      const log = await openWithOne(testEngine());
      await log.close();
      return log;
    },
    answer: 'CLOSED',
    appendOutcome: 'not-written',
  },
  {
    name: 'worker dead',
    reach: async () => {
      const engine = testEngine();
      const log = await openWithOne(engine);
      engine.kill();
      return log;
    },
    answer: 'WORKER_DIED',
    appendOutcome: 'not-written',
  },
];

describe.each(STATES)(
  'while $name',
  { timeout: 20_000 },
  ({ reach, answer, except, appendOutcome }) => {
    test.each(Object.keys(METHODS))('%s ends as stated', async (method) => {
      const log = await reach();
      const call = METHODS[method]!(log);
      if (APPENDS.includes(method) && appendOutcome) {
        await expect(call).rejects.toMatchObject({ outcome: appendOutcome });
      }
      expect(await outcomeOf(call)).toBe(except?.[method] ?? answer);
      expect(log.status().name).toBe('lifecycle');
      await log.close();
      await log.close();
    });
  },
);

describe('while opening', () => {
  test('a second open of the same name joins it', async () => {
    const engine = testEngine();
    const logs = await Promise.all([1, 2, 3].map(() => engine.open('joined')));
    await Promise.all(logs.map((log) => log.close()));
  });

  test('a signal that fires gives the store back', async () => {
    const engine = testEngine();
    const abort = new AbortController();
    const opening = engine.open('given-up', { signal: abort.signal });
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED' });
    const log = await engine.open('given-up');
    await log.close();
  });

  test('a worker that ends rejects it', async () => {
    const engine = testEngine();
    const opening = engine.open('stillborn');
    await Promise.resolve();
    engine.kill();
    await expect(opening).rejects.toMatchObject({ code: 'WORKER_LOAD_FAILED' });
  });
});
