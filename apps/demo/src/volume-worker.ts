/** The engine's worker for volumes, bundled by Vite under this file's name. */
import 'varve/volume-worker';
