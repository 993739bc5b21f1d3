/** Introduces the workers of the bare way; the logs start their own. */
import 'varve/ports-worker';
