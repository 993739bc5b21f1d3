import { connectCases } from '@varve/files/conformance';
import { describe, test } from 'vitest';

describe('a store in OPFS', async () => {
  const url = new URL('./store.worker.ts', import.meta.url);
  const remote = await connectCases(new Worker(url, { type: 'module' }));
  for (const name of remote.names) test(name, () => remote.run(name), 60_000);
});
