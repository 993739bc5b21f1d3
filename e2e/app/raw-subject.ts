/**
 * The raw log as a subject.
 *
 * It is the control: with `broken: 'never-flush'` it loses nothing to any kill either, because a
 * finished write lies in the operating system's cache. Kills show tearing, hand-over and order;
 * that a flush is missing only a model of power loss can show.
 */
import type { RawAnswer, RawOpened, RawRequest } from './raw-worker.ts';
import type { OpenOptions, OpenSubject, Subject } from './subject.ts';

const OPEN_RETRY_MS = 8000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class RawSubject implements Subject {
  readonly #worker: Worker;
  readonly #waiting = new Map<
    number,
    { resolve: (value: number | RawOpened) => void; reject: (error: Error) => void }
  >();
  #nextId = 1;
  #opened: RawOpened = { frames: [], tornBytes: 0 };

  constructor(options: OpenOptions) {
    const { broken } = options;
    this.#worker = new Worker(new URL('./raw-worker.ts', import.meta.url), {
      type: 'module',
      name: broken ?? '',
    });
    this.#worker.onmessage = ({ data }: MessageEvent<RawAnswer>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('failed' in data) waiting?.reject(new Error(data.failed));
      else waiting?.resolve(data.value);
    };
  }

  async open(store: string): Promise<void> {
    const deadline = performance.now() + OPEN_RETRY_MS;
    for (;;) {
      try {
        this.#opened = (await this.#call({ kind: 'open', store })) as RawOpened;
        return;
      } catch (error) {
        // The last owner's handle may outlive it for seconds.
        if (performance.now() > deadline) throw error;
        await sleep(50);
      }
    }
  }

  append(bytes: Uint8Array): Promise<number> {
    return this.appendBatch([bytes]);
  }

  appendBatch(parts: Uint8Array[]): Promise<number> {
    return this.#call({ kind: 'append', parts }) as Promise<number>;
  }

  appendStream(bytes: Uint8Array): Promise<number> {
    return this.appendBatch([bytes]);
  }

  async readAll(each: (lsn: number, bytes: Uint8Array) => void): Promise<void> {
    for (const { lsn, bytes } of this.#opened.frames) each(lsn, bytes);
  }

  facts() {
    const { tornBytes } = this.#opened;
    const clean = tornBytes === 0;
    return { tornBytes, tailUncertain: !clean, clean, rows: [], firstLsn: 1 };
  }

  workerEnded(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('terminated'));
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    await this.#call({ kind: 'close' });
    this.#worker.terminate();
  }

  #call(request: RawRequest): Promise<number | RawOpened> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }
}

export const openRaw: OpenSubject = async (options) => {
  const subject = new RawSubject(options);
  await subject.open(options.store);
  return subject;
};
