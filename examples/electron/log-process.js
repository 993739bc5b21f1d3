/** The utility process: it has the log, and serves it to every port that it is given. */
import { openLog } from 'varve/node';
import { serveLog } from './log-port.js';

let log;

process.parentPort.on('message', ({ data, ports }) => {
  if (data.directory !== undefined) log = openLog('visits', { directory: data.directory });
  if (data.client) serveLog(ports[0], log);
});
