/** Varve as a subject: what an application would write, and a worker that takes orders to stop. */
import { openLog, type Log } from 'varve';
import { bytesCodec } from 'varve/codec';
import type { OpenOptions, RecoveryFacts, Subject } from './subject.ts';

export class VarveSubject implements Subject {
  readonly log: Log<Uint8Array>;
  readonly #worker: Worker;

  constructor(log: Log<Uint8Array>, worker: Worker) {
    this.log = log;
    this.#worker = worker;
  }

  append(bytes: Uint8Array, durability: 'strict' | 'relaxed'): Promise<number> {
    return this.log.append(bytes, { durability });
  }

  appendBatch(parts: Uint8Array[], durability: 'strict' | 'relaxed'): Promise<number> {
    return this.log.appendBatch(parts, { durability });
  }

  appendStream(bytes: Uint8Array): Promise<number> {
    return this.log.appendStream(new Blob([bytes as Uint8Array<ArrayBuffer>]).stream());
  }

  async readAll(each: (lsn: number, bytes: Uint8Array) => void): Promise<void> {
    for await (const { lsn, value } of this.log.read()) each(lsn, value);
  }

  facts(): RecoveryFacts {
    const { tornBytes, tailUncertain, clean, rows } = this.log.status().recovery;
    return { tornBytes, tailUncertain: tailUncertain !== null, clean, rows };
  }

  terminateWorker(): void {
    this.#worker.terminate();
  }

  close(): Promise<void> {
    return this.log.close();
  }
}

export async function openVarve(options: OpenOptions): Promise<VarveSubject> {
  const { store, segmentSizeBytes, armed, broken } = options;
  const worker = new Worker(new URL('./varve-worker.ts', import.meta.url), {
    type: 'module',
    name: JSON.stringify({ armed, broken }),
  });
  const log = await openLog<Uint8Array>(store, {
    codec: bytesCodec,
    worker: () => worker,
    ...(segmentSizeBytes === undefined ? {} : { segmentSizeBytes }),
  });
  return new VarveSubject(log, worker);
}
