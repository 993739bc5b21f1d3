/** Holds a file and a lock and then spins, as a hung tab does; the test terminates it. */
import { createOpfsHost } from './index.ts';

const { root, locks } = createOpfsHost({ rootName: 'varve-holder' });
const file = await root.openFile('held', { create: true });
await locks.acquire('held');
file.write(new Uint8Array([7]), { at: 0 });
file.flush();
self.postMessage('held');
self.addEventListener('message', () => {
  const untilMs = performance.now() + 30_000;
  while (performance.now() < untilMs);
});
