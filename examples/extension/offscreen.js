/** Nobody sees this page: it has the log open, with the engine in a worker of its own. */
import { openLog } from './node_modules/varve/index.js';

await openLog('visits');
document.body.dataset.ready = 'yes';
