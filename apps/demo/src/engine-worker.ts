/** The engine's worker, bundled by Vite under this file's name. */
import 'varve/worker';
