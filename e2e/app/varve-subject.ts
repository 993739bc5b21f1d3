/** Varve as a subject: what an application would write, and a worker that takes orders to stop. */
import { openLog, type Log } from 'varve';
import { bytesCodec } from 'varve/codec';
import { ring } from 'varve/ring';
import type { Housekeeping, OpenSubject, RecoveryFacts, Subject } from './subject.ts';

/** A channel of which nothing is appended. */
const NO_CHANNEL = 2 ** 32 - 1;

class VarveSubject implements Subject {
  readonly log: Log<Uint8Array>;
  readonly housekeeping: Housekeeping;

  constructor(log: Log<Uint8Array>) {
    this.log = log;
    this.housekeeping = {
      checkpoint: (state, upTo) => log.checkpoint(state, { upTo }),
      trim: (before) => log.trim(before),
      async readCheckpoint() {
        const nothing = (state: Uint8Array | undefined): Uint8Array | undefined => state;
        const { state } = await log.recover(nothing, undefined, { channel: NO_CHANNEL });
        return { state, upTo: log.status().coveredLsn };
      },
      async readSlots() {
        const { slots } = await log.layout();
        const segments = slots.map(({ segment }) => segment);
        return { segments, endSlot: slots.findIndex(({ state }) => state === 'tail') };
      },
    };
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
    const { firstLsn, recovery } = this.log.status();
    const { tornBytes, tailUncertain, clean, rows } = recovery;
    return { tornBytes, tailUncertain: tailUncertain !== null, clean, rows, firstLsn };
  }

  workerEnded(): void {
    // The client notices by itself: that is part of what is tested.
  }

  close(): Promise<void> {
    return this.log.close();
  }
}

export const openVarve: OpenSubject = async (options) => {
  const { store, segmentSizeBytes, broken } = options;
  const worker = new Worker(new URL('./varve-worker.ts', import.meta.url), {
    type: 'module',
    name: broken ?? '',
  });
  const log = await openLog<Uint8Array>(store, {
    codec: bytesCodec,
    worker: () => worker,
    // On an isolated page, what is small goes by ring; elsewhere this is nothing.
    transport: ring(),
    ...(segmentSizeBytes === undefined ? {} : { segmentSizeBytes }),
  });
  return new VarveSubject(log);
};
