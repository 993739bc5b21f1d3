/** The Node lane: the same works over files, in this process. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createNodeHost } from '@varve/files/node';
import { interleave, takesPart } from '../interleave.ts';
import type { Lane } from '../lane.ts';
import { Seat } from '../seat.ts';
import { inNode } from '../subjects/in-node.ts';
import { missingPeers } from '../subjects/node-peers.ts';
import { measureVolumes } from '../volume/measure.ts';
import { works } from '../works/index.ts';
import { refuseMemoryOnly } from './memory-only.ts';

export async function nodeLane(): Promise<Lane> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-bench-node-'));
  const flushUs = probeFlush(join(folder, 'probe'));
  refuseMemoryOnly(flushUs);
  exposeCollector();
  return {
    name: 'node',
    engine: `Node ${process.version}`,
    notes: {
      flush4KiBUs: Math.round(flushUs),
      ...(missingPeers.length > 0 && {
        notInstalled: missingPeers.map(({ id, install }) => `${id} (${install})`),
      }),
    },
    subjects: inNode.map(({ open: _, ...facts }) => facts),
    run(workId, plan) {
      const work = works.find(({ id }) => id === workId)!;
      const { block: _, prepare: __, fill: ___, ...facts } = work;
      const invited = inNode.filter((subject) => takesPart(subject, work, plan));
      const { rounds, blockMs } = plan;
      return interleave(facts, invited, rounds, (subject) =>
        Seat.take(subject, work, {
          placeName: `${subject.id}-${work.id}`,
          folder,
          blockMs,
          isFull: !plan.quick,
        }),
      );
    },
    volumes: (isQuick) => measureVolumes(createNodeHost(join(folder, 'volumes')), isQuick),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** So that memory can be measured without what only waits to be collected. */
function exposeCollector(): void {
  setFlagsFromString('--expose-gc');
  Object.assign(globalThis, { gc: runInNewContext('gc') as () => void });
}

function probeFlush(path: string): number {
  const rounds = 50;
  const bytes = new Uint8Array(4096).fill(1);
  const descriptor = openSync(path, 'w');
  let flushMs = 0;
  for (let at = 0; at < rounds; at++) {
    writeSync(descriptor, bytes, 0, bytes.length, at * bytes.length);
    const start = performance.now();
    fdatasyncSync(descriptor);
    flushMs += performance.now() - start;
  }
  closeSync(descriptor);
  return (flushMs * 1000) / rounds;
}
