/** The worker script that a page starts: the engine, by itself. */
import '@varve/engine/worker';
