import { beforeAll, describe, expect, test } from 'vitest';
import { connectCases } from '../conformance/index.ts';
import { storageAsks } from './index.ts';

function moduleWorker(url: URL): Worker {
  return new Worker(url, { type: 'module' });
}

/** Leaves a file that the browser has yet to take back from a worker that was busy when it ended. */
async function terminateBusyHolder(): Promise<void> {
  const holder = moduleWorker(new URL('./holder.worker.ts', import.meta.url));
  await new Promise((resolve) => holder.addEventListener('message', resolve));
  holder.postMessage('spin');
  await new Promise((resolve) => setTimeout(resolve, 50));
  holder.terminate();
}

describe('in a worker', async () => {
  const cases = new URL('./opfs-cases.worker.ts', import.meta.url);
  const remote = await connectCases(moduleWorker(cases));
  beforeAll(terminateBusyHolder);
  for (const name of remote.names) test(name, () => remote.run(name), 20_000);
});

/** Parts that throw or reject. */
async function refusedHere(): Promise<string[]> {
  const refused: string[] = [];
  for (const [part, ask] of Object.entries(storageAsks('varve-page'))) {
    await (async () => ask())().catch(() => refused.push(part));
  }
  return refused;
}

test('in a page exactly the sync access handle is refused', async () => {
  expect(await refusedHere()).toEqual(['sync-access-handle']);
});

test('each part that the page lacks is named by itself', async () => {
  Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
  try {
    expect(await refusedHere()).toEqual(['sync-access-handle', 'web-locks']);
  } finally {
    Reflect.deleteProperty(navigator, 'locks');
  }
});
