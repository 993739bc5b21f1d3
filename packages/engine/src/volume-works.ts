/**
 * What takes its time in a volume, by number: a client pulls how far it has come, and what it found.
 *
 * Always true:
 * - a pull is answered within `HEARTBEAT_MS`, with the latest progress if nothing else
 * - dropping a work ends the listening; what deletes or restores goes on in the volume
 */
import type { Timers } from '@varve/files';
import { VarveError } from '@varve/protocol';
import type { ByteRange, CheckReport, Progress, VolumePiece, VolumeWork } from '@varve/protocol';
import type { Volume } from '@varve/volume';

const HEARTBEAT_MS = 1_000;
const RANGES_MAX = 1_024;
const WORKS_MAX = 64;

interface Work {
  pull(): Promise<VolumePiece>;
  drop(): void;
}

export class VolumeWorks {
  readonly #timers: Timers;
  readonly #works = new Map<number, Work>();
  #lastId = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  open(volume: Volume, work: VolumeWork): number {
    if (this.#works.size >= WORKS_MAX) {
      throw new VarveError('UNIT_LIMIT', 'too much is under way', { facts: { limit: WORKS_MAX } });
    }
    this.#lastId++;
    this.#works.set(this.#lastId, this.#begin(volume, work));
    return this.#lastId;
  }

  async pull(id: number): Promise<VolumePiece> {
    const work = this.#works.get(id);
    if (work === undefined) throw new VarveError('BAD_MESSAGE', 'no such work is under way');
    try {
      const piece = await work.pull();
      if (piece.done) this.#works.delete(id);
      return piece;
    } catch (error) {
      this.drop(id);
      throw error;
    }
  }

  drop(id: number): void {
    const work = this.#works.get(id);
    this.#works.delete(id);
    work?.drop();
  }

  dropAll(): void {
    for (const id of [...this.#works.keys()]) this.drop(id);
  }

  #begin(volume: Volume, work: VolumeWork): Work {
    switch (work.kind) {
      case 'delete':
        return this.#job((signal, onProgress) =>
          volume.deleteSnapshot(work.name, { signal, onProgress }),
        );
      case 'restore':
        return this.#job((signal, onProgress) => volume.restore(work.name, { signal, onProgress }));
      case 'check':
        return this.#job((signal, onProgress) =>
          volume.check({ data: work.data, signal, onProgress }),
        );
      case 'diff':
        return ranges(volume.diff(work.from ?? undefined, work.to ?? undefined));
    }
  }

  #job(
    start: (
      signal: AbortSignal,
      onProgress: (progress: Progress) => void,
    ) => Promise<CheckReport | void>,
  ): Work {
    const listening = new AbortController();
    let progress: Progress = { done: 0, total: 0 };
    let wake = (): void => undefined;
    let ended: { readonly report: CheckReport | null } | { readonly error: unknown } | undefined;
    const end = (how: NonNullable<typeof ended>): void => {
      ended = how;
      wake();
    };
    start(listening.signal, (now) => {
      progress = now;
      wake();
    }).then(
      (report) => end({ report: report ?? null }),
      (error: unknown) => end({ error }),
    );
    return {
      pull: async () => {
        if (ended === undefined) await this.#news((tell) => (wake = tell));
        if (ended === undefined) return { done: false, progress };
        if ('error' in ended) throw ended.error;
        return { done: true, report: ended.report };
      },
      drop: () => listening.abort(),
    };
  }

  async #news(listen: (tell: () => void) => void): Promise<void> {
    let cancel = (): void => undefined;
    await new Promise<void>((resolve) => {
      listen(resolve);
      cancel = this.#timers.after(HEARTBEAT_MS, resolve);
    });
    cancel();
  }
}

function ranges(source: IterableIterator<ByteRange>): Work {
  return {
    pull: async () => {
      const piece: ByteRange[] = [];
      while (piece.length < RANGES_MAX) {
        const { done, value } = source.next();
        if (done === true) break;
        piece.push(value);
      }
      return piece.length > 0 ? { done: false, ranges: piece } : { done: true, report: null };
    },
    drop: () => void source.return?.(),
  };
}
