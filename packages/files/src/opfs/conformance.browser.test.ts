import { describe, test } from 'vitest';
import { connectCases } from '../conformance/index.ts';

describe('OPFS in a dedicated worker', async () => {
  const url = new URL('./conformance.worker.ts', import.meta.url);
  const remote = await connectCases(new Worker(url, { type: 'module' }));
  for (const name of remote.names) test(name, () => remote.run(name), 20_000);
});
