/**
 * What the kit puts into a page before the app's own code runs.
 *
 * Always true: `installInPage` is sent there as text, so it refers to nothing outside itself; what
 * `issued` and `acknowledged` were told has left the process when they return.
 */
import type { CrashkitGlobal, InstallOptions } from './kill-point.ts';

/** What the kit itself asks of a page. */
export interface PageHooks extends CrashkitGlobal {
  terminateWorkers(): number;
  /** Holds one more file of the origin open, until `release`. */
  hold(): Promise<void>;
  release(): Promise<void>;
}

/** A page of the app, or one in which nothing was installed. */
export type PreparedWindow = Window & { readonly crashkit?: PageHooks };

export interface InPageOptions extends Pick<InstallOptions, 'paths'> {
  readonly probe: string;
}

export function installInPage({ paths, probe }: InPageOptions): void {
  // Frames of other sites get it too, and have nobody to tell.
  if (window !== window.top || 'crashkit' in window) return;
  const workers = new Set<Worker>();
  const NativeWorker = window.Worker;
  window.Worker = class extends NativeWorker {
    constructor(...args: ConstructorParameters<typeof NativeWorker>) {
      super(...args);
      workers.add(this);
    }
  };
  const say = (path: string, item: unknown): void => {
    const request = new XMLHttpRequest();
    request.open('POST', path, false);
    request.send(JSON.stringify(item));
  };
  let holder: Worker | undefined;
  const ask = (worker: Worker, message: string): Promise<void> =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data === 'done' ? resolve() : reject(new Error(data)));
      worker.onerror = () => reject(new Error('the probe was not allowed to run'));
      worker.postMessage(message);
    });
  const crashkit: PageHooks = {
    issued: (item) => say(paths.issued, item),
    acknowledged: (item) => say(paths.acknowledged, item),
    reach() {
      throw new Error('only a worker can stand still at a kill point');
    },
    terminateWorkers() {
      const count = workers.size;
      for (const worker of workers) worker.terminate();
      workers.clear();
      return count;
    },
    hold() {
      holder = new NativeWorker(probe);
      return ask(holder, `.crashkit-${Math.random().toString(36).slice(2)}`);
    },
    async release() {
      if (holder === undefined) return;
      await ask(holder, '');
      holder.terminate();
    },
  };
  Object.defineProperty(window, 'crashkit', { value: crashkit });
}

/** As a script. Some compilers name functions by a call that is not there in the browser. */
export function scriptOf<T>(install: (options: T) => void, options: T): string {
  return `(() => { const __name = (f) => f; (${install})(${JSON.stringify(options)}); })();`;
}
