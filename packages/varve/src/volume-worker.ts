/** The worker script that a page starts for a volume: the engine, by itself. */
import '@varve/engine/volume-worker';
