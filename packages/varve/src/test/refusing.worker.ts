/** An engine in a worker where a part of storage is refused: the worker's name says `part way`. */
import '@varve/engine/worker';
import { refuse, type Part, type Way } from './refuse.ts';

const [part, way] = self.name.split(' ') as [Part, Way];
refuse(part, way);
postMessage('loaded');
