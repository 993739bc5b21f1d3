/** Varve as a page uses it: `openLog`, its worker, messages between the two. */
import { openLog } from 'varve';
import { ring } from 'varve/ring';
import { deleteStore } from 'varve/stores';
import type { Place, Session, Subject } from '../subject.ts';
import { asBytes, LogSession, storeShape } from './log-session.ts';

type Way = 'message' | 'ring';

const openBytes =
  (durability: 'strict' | 'relaxed', way: Way, worker?: () => Worker) =>
  async (place: Place): Promise<Session> => {
    const transport = way === 'ring' ? ring() : undefined;
    if (way === 'ring' && transport === undefined) throw new Error('the page is not isolated');
    const log = await openLog<Uint8Array>(place.name, {
      codec: asBytes,
      durability,
      transport,
      ...(worker === undefined ? {} : { worker }),
      ...storeShape(place),
    });
    return LogSession.ofBytes(log, () => deleteStore(place.name));
  };

const nullEngine = (): Worker =>
  new Worker(new URL('../lanes/null-engine-worker.ts', import.meta.url), { type: 'module' });

export const varvePage: Subject = {
  id: 'varve-page',
  title: 'Varve, from the page by message',
  kind: 'varve',
  caller: 'page',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  gets: true,
  open: openBytes('strict', 'message'),
};

export const varvePageNull: Subject = {
  ...varvePage,
  id: 'varve-page-null',
  title: 'Varve, from the page, over a disk that does nothing',
  kind: 'varve-null',
  promise: 'nothing',
  skips: ['replay-100b', 'replay-4k', 'get-100b'],
  open: openBytes('strict', 'message', nullEngine),
};

export const varvePageRelaxed: Subject = {
  ...varvePage,
  id: 'varve-page-relaxed',
  title: 'Varve relaxed, from the page by message',
  promise: 'written',
  extra: true,
  open: openBytes('relaxed', 'message'),
};

/** What goes by message whatever the transport is. */
const NOT_BY_RING = [
  ...['bulk-100b', 'bulk-100b-cold', 'bulk-100b-8', 'bulk-100b-16', 'bulk-64k', 'growth-100b'],
  ...['replay-100b', 'replay-4k', 'get-100b'],
];

export const varveRing: Subject = {
  ...varvePage,
  id: 'varve-ring',
  title: 'Varve, from the page by ring',
  skips: NOT_BY_RING,
  open: openBytes('strict', 'ring'),
};

export const varveRingNull: Subject = {
  ...varvePageNull,
  id: 'varve-ring-null',
  title: 'Varve, from the page by ring, over a disk that does nothing',
  extra: true,
  skips: NOT_BY_RING,
  open: openBytes('strict', 'ring', nullEngine),
};

export const varveRingRelaxed: Subject = {
  ...varvePageRelaxed,
  id: 'varve-ring-relaxed',
  title: 'Varve relaxed, from the page by ring',
  skips: NOT_BY_RING,
  open: openBytes('relaxed', 'ring'),
};

interface Note {
  readonly id: number;
  readonly kind: string;
  readonly text: string;
  readonly at: number;
  readonly done: boolean;
}

const notes = new WeakMap<Uint8Array, Note>();

/** An object of a plain application, about 100 B when encoded. */
function note(record: Uint8Array): Note {
  let value = notes.get(record);
  if (value === undefined) {
    value = {
      id: record[0]! * 65_536 + record[1]!,
      kind: 'note',
      text: Array.from(record.subarray(0, 40), (byte) =>
        String.fromCharCode(97 + (byte % 26)),
      ).join(''),
      at: 1_790_000_000_000 + record[2]! * 1000,
      done: record[3]! > 127,
    };
    notes.set(record, value);
  }
  return value;
}

export const varvePageValues: Subject = {
  ...varvePage,
  id: 'varve-page-values',
  title: 'Varve, from the page, objects by the default codec',
  reads: 'copy',
  values: 'decoded',
  skips: ['append-1k', 'append-64k', 'bulk-64k', 'replay-4k', 'get-100b'],
  async open(place) {
    const log = await openLog<Note>(place.name, storeShape(place));
    return new LogSession(
      log,
      note,
      (value) => value.text.length,
      () => deleteStore(place.name),
    );
  },
};
