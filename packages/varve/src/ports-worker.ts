/** The script of the `SharedWorker` that introduces ports: names, and nothing else. */
import '@varve/engine/ports-worker';
