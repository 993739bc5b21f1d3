/** The engine's entry in a browser: a dedicated module worker, one self-contained file. */
import { browserServices } from './browser-services.ts';
import { receiveHello } from './engine.ts';
import { serve } from './serve.ts';

serve(() => browserServices(), receiveHello);
