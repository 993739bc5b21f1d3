/** The page: runs one work at a time for the runner in Node, which asks through `globalThis.bench`. */
import type { Plan } from '../lane.ts';
import { interleave, takesPart, type Measurer } from '../interleave.ts';
import type { Measured, SeatResult } from '../result.ts';
import { Seat, type SeatOptions } from '../seat.ts';
import type { Subject, SubjectFacts } from '../subject.ts';
import { asker } from '../platform/rpc.ts';
import { inPage } from '../subjects/in-page.ts';
import { inWorker } from '../subjects/in-worker.ts';
import { works } from '../works/index.ts';
import type { BarFigure } from '../report/bar-figures.ts';
import { tab, type BenchTab } from '../tabs/tab.ts';
import type { FlushProbe } from './probe.ts';

export interface BenchPage {
  probe(): Promise<FlushProbe>;
  subjects(): SubjectFacts[];
  run(work: string, plan: Plan): Promise<SeatResult[]>;
  volumes(isQuick: boolean): Promise<BarFigure[]>;
  /** This page as one of several tabs. */
  readonly tab: BenchTab;
}

declare global {
  var bench: BenchPage;
}

const measuringWorker = (): Worker =>
  new Worker(new URL('./measuring-worker.ts', import.meta.url), { type: 'module' });

async function takeInWorker(
  subject: Subject,
  work: string,
  options: SeatOptions,
): Promise<Measurer> {
  const worker = measuringWorker();
  const ask = asker(worker);
  try {
    await ask('take', { subject: subject.id, work, options });
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return {
    block: () => ask('block'),
    async leave() {
      try {
        return await ask<Measured>('leave');
      } finally {
        worker.terminate();
      }
    },
  };
}

globalThis.bench = {
  tab,

  async probe() {
    const worker = measuringWorker();
    try {
      return await asker(worker)<FlushProbe>('probe');
    } finally {
      worker.terminate();
    }
  },

  async volumes(isQuick) {
    const worker = measuringWorker();
    try {
      return await asker(worker)<BarFigure[]>('volumes', isQuick);
    } finally {
      worker.terminate();
    }
  },

  subjects: () => [...inWorker, ...inPage].map(({ open: _, ...facts }) => facts),

  async run(workId, plan) {
    const work = works.find(({ id }) => id === workId);
    if (work === undefined) throw new Error(`no work is called ${workId}`);
    const { block: _, prepare: __, fill: ___, ...facts } = work;
    const invited = [...inWorker, ...inPage].filter((subject) => takesPart(subject, work, plan));
    const { rounds, blockMs } = plan;
    const run = Date.now().toString(36);
    return interleave(facts, invited, rounds, (subject) => {
      const options: SeatOptions = {
        placeName: `bench-${subject.id}-${run}`,
        blockMs,
        isFull: !plan.quick,
      };
      return inWorker.includes(subject)
        ? takeInWorker(subject, work.id, options)
        : Seat.take(subject, work, options);
    });
  },
};

document.body.textContent = 'ready';
