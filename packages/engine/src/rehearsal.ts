/**
 * What a follower does ahead, so that it leads sooner when its turn comes: recovering takes several
 * times as long when it is done for the first time, because nothing of it is compiled yet
 * (docs/decisions/0026-rehearsal.md).
 *
 * Always true:
 * - the store that it rehearses on is in memory; of the real one nothing is written, no lock and no
 *   file is taken
 * - it comes some while after following began, once, in pieces of a few milliseconds; if it fails,
 *   nothing has happened
 */
import type { Host } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { folderOf, openStore, type AppendRequest, type ClientStamp } from '@varve/journal';
import { APPLICATION_TYPE_MIN, recordFrameBytes, writeRecordFrame } from '@varve/protocol';

const AFTER_MS = 200;
const PAUSE_MS = 10;
const SEGMENT_BYTES = 262_144;
const APPENDS = 500;
const APPENDS_A_PIECE = 50;
/** Measured in Chromium: after 3 the real one takes 18 ms, after 8 or more 7, without 38. */
const RECOVERIES = 8;
/** Of a log's records every tenth is larger. */
const SMALL_BYTES = 100;
const LARGE_BYTES = 12_000;
/** What followers append bears one; numbers as large as real ones are, or what was compiled does not fit. */
const STAMP: Omit<ClientStamp, 'sequence'> = {
  client: 'f0e1d2c3b4a59687',
  sinceGeneration: 0,
  answeredTo: 0,
  isRepeated: false,
};

export class Rehearsal {
  #isBegun = false;

  begin(host: Host, store: string): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    host.timers.after(AFTER_MS, () => {
      // What is needed first of all: a connection to the witness, which stays, and the way to the files.
      host.witness.read(store).catch(() => undefined);
      host.root.directory(folderOf(store), { create: false }).catch(() => undefined);
      perform(host).catch(() => undefined);
    });
  }
}

async function perform({ timers }: Host): Promise<void> {
  const pause = (): Promise<void> => new Promise((resolve) => timers.after(PAUSE_MS, resolve));
  const memory = createMemoryHost();
  const options = { segmentSizeBytes: SEGMENT_BYTES, scrub: false } as const;
  for (let recovered = -1; recovered < RECOVERIES; recovered++) {
    const store = await openStore(memory, 'rehearsal', options);
    for (let sequence = 1; recovered < 0 && sequence <= APPENDS; sequence++) {
      await store.append(requestOf(sequence));
      if (sequence % APPENDS_A_PIECE === 0) await pause();
    }
    store.abandon();
    await pause();
  }
}

function requestOf(sequence: number): AppendRequest {
  const payload = new Uint8Array(sequence % 10 === 0 ? LARGE_BYTES : SMALL_BYTES).fill(sequence);
  const frames = new Uint8Array(recordFrameBytes(0, payload.length));
  writeRecordFrame(frames, 0, APPLICATION_TYPE_MIN, 0, payload);
  return { frames, stamp: { ...STAMP, sequence } };
}
