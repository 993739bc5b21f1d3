/** The worker in which one in-worker subject and the loop that measures it live together. */
import { createOpfsHost } from '@varve/files/opfs';
import { countFlushes } from '../platform/counted-flushes.ts';
import { answer } from '../platform/rpc.ts';
import { Seat, type SeatOptions } from '../seat.ts';
import { inWorker } from '../subjects/in-worker.ts';
import { measureVolumes } from '../volume/measure.ts';
import { works } from '../works/index.ts';
import { probeFlush } from './probe.ts';

countFlushes();

let seat: Seat;

answer(self, {
  probe: probeFlush,
  async take({ subject, work, options }: { subject: string; work: string; options: SeatOptions }) {
    seat = await Seat.take(
      inWorker.find(({ id }) => id === subject)!,
      works.find(({ id }) => id === work)!,
      options,
    );
  },
  block: () => seat.block(),
  leave: () => seat.leave(),
  volumes: (isQuick: boolean) =>
    measureVolumes(createOpfsHost({ rootName: 'bench-volumes' }), isQuick),
});
