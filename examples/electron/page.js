/** The page: a log of its own, and the application's over a port. */
import { openLog } from './node_modules/varve/index.js';
import { logClient } from './log-port.js';

const own = await openLog('page');
const lsn = await own.append({ openedAt: new Date() });
const output = document.querySelector('output');
output.textContent = `own log: ${lsn}`;

async function greet(port) {
  const shared = await logClient(port).append({ openedAt: new Date() });
  output.textContent += `, the application's: ${shared}`;
}

addEventListener('message', ({ data, ports }) => {
  if (data === 'log') void greet(ports[0]);
});
