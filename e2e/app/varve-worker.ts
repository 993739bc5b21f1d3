/** The engine's own entry, after the orders of a test. */
import './worker-orders.ts';
import '@varve/engine/worker';
