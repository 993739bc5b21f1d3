/**
 * Running named cases in another context and reporting here: sync access handles exist only in
 * dedicated workers, while the test framework lives in the page.
 *
 * In the worker: `serveCases(self, cases)`. In the page's test file:
 * `const remote = await connectCases(new Worker(…)); for (const name of remote.names)
 * test(name, () => remote.run(name));`
 */

export interface NamedCase {
  readonly name: string;
  run(): Promise<void>;
}

/** What both a `Worker` and a worker's `self` are, as far as this is concerned. */
export interface CasePort {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** A {@link CasePort} that also says when its script fails: a `Worker`. */
export interface CaseWorker extends CasePort {
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'error', listener: (event: { readonly message?: string }) => void): void;
}

type ToWorker = { readonly ask: 'names' } | { readonly ask: 'run'; readonly name: string };
type ToPage =
  | { readonly tell: 'names'; readonly names: readonly string[] }
  | { readonly tell: 'done'; readonly name: string; readonly error: string | undefined };

export function serveCases(self: CasePort, cases: readonly NamedCase[]): void {
  const tell = (message: ToPage): void => self.postMessage(message);
  const announce = (): void => tell({ tell: 'names', names: cases.map(({ name }) => name) });
  self.addEventListener('message', ({ data }) => {
    const message = data as ToWorker;
    if (message.ask === 'names') {
      announce();
      return;
    }
    const { name } = message;
    const found = cases.find((other) => other.name === name);
    const run = found?.run() ?? Promise.reject(new Error(`no case "${name}"`));
    run.then(
      () => tell({ tell: 'done', name, error: undefined }),
      (error: unknown) => tell({ tell: 'done', name, error: describe(error) }),
    );
  });
  // Whoever asked before this script ran was not heard.
  announce();
}

export interface RemoteCases {
  readonly names: readonly string[];
  /** Rejects with the case's own error text. One at a time per name. */
  run(name: string): Promise<void>;
}

export function connectCases(worker: CaseWorker): Promise<RemoteCases> {
  return new Promise((resolve, reject) => {
    const waiting = new Map<string, (error: string | undefined) => void>();
    const run = (name: string): Promise<void> =>
      new Promise((done, fail) => {
        waiting.set(name, (error) => (error === undefined ? done() : fail(new Error(error))));
        worker.postMessage({ ask: 'run', name } satisfies ToWorker);
      });
    worker.addEventListener('message', ({ data }) => {
      const message = data as ToPage;
      if (message.tell === 'names') resolve({ names: message.names, run });
      else waiting.get(message.name)?.(message.error);
    });
    worker.addEventListener('error', ({ message }) => {
      const text = `the worker failed: ${message ?? 'its script did not load'}`;
      reject(new Error(text));
      for (const finish of waiting.values()) finish(text);
    });
    worker.postMessage({ ask: 'names' } satisfies ToWorker);
  });
}

/** WebKit and Firefox leave the message out of the stack, Chromium does not. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = `${error.name}: ${error.message}`;
  return error.stack?.includes(error.message) ? error.stack : `${text}\n${error.stack ?? ''}`;
}
