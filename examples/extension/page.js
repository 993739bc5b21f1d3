/** A page of the extension: reads the log, and follows it. */
import { openLog } from './node_modules/varve/index.js';

const log = await openLog('visits');
const list = document.querySelector('ol');
document.body.dataset.ready = 'yes';
for await (const { value } of log.tail({ after: 0 })) {
  list.append(Object.assign(document.createElement('li'), { textContent: value.url }));
}
