import { connectCases } from '@varve/files/conformance';
import { describe, test } from 'vitest';

describe('in a worker', async () => {
  const url = new URL('./test/handle-script.worker.ts', import.meta.url);
  const remote = await connectCases(new Worker(url, { type: 'module' }));
  for (const name of remote.names) test(name, () => remote.run(name));
});
