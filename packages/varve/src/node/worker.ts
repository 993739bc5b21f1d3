/** The worker thread that the Node entry starts: the engine, by itself. */
import '@varve/engine/node-worker';
