/** The page: a log of its own, and the application's over a port. */
import { openLog } from './node_modules/varve/index.js';
import { logClient } from './log-port.js';

const own = await openLog('page');
const lsn = await own.append({ openedAt: new Date() });
const output = document.querySelector('output');
output.textContent = `own log: ${lsn}`;

addEventListener('message', async ({ data, ports }) => {
  if (data !== 'log') return;
  const log = logClient(ports[0]);
  const shared = await log.append({ openedAt: new Date() });
  output.textContent += `, the application's: ${shared}`;
});
