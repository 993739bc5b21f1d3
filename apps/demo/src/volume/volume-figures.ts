/** The volume in figures: its pool of chunks, and what its writes cost. */
import type { VolumeStatus } from 'varve/volume';
import { el, setText } from '../ui/dom.ts';
import { count, size } from '../ui/format.ts';
import type { Easel } from './easel.ts';
import { TILE_BYTES } from './tiles.ts';

const PARTS = [
  ['now', 'in the volume'],
  ['kept', 'kept for snapshots alone'],
  ['waiting', 'quarantine, until the next checkpoint'],
  ['free', 'free'],
] as const;

function writtenPerByte({ counters }: VolumeStatus): string {
  if (counters.writtenBytes === 0) return '–';
  const written =
    counters.journalBytes +
    counters.dataDirectBytes +
    counters.dataAppliedBytes +
    counters.metaBytes;
  return (written / counters.writtenBytes).toFixed(2);
}

export function volumeFigures(easel: Easel): HTMLElement {
  const list = el('dl', { class: 'figures' });
  const figure = (term: string, name: string, hint: string): HTMLElement => {
    const value = el('dd', { 'data-figure': name }, '–');
    list.append(el('div', { title: hint }, el('dt', {}, term), value));
    return value;
  };
  const used = figure('Used', 'used', 'Chunks of the pool that the volume or a snapshot has');
  const free = figure('Free', 'free', 'Chunks of the pool that nothing refers to');
  const waiting = figure(
    'Quarantine',
    'quarantined',
    'Freed chunks that no recovery may need any more once a checkpoint was made',
  );
  const flushes = figure(
    'Flushes',
    'flushes',
    'Of journal, chunks and metadata, since it was opened',
  );
  const factor = figure(
    'Written per byte',
    'factor',
    'Bytes written to journal, chunks and metadata per byte handed in, since it was opened',
  );
  const bars = PARTS.map(([name]) => el('span', { class: `pool-part pool-${name}` }));
  const pool = el('div', { class: 'pool', role: 'img' }, ...bars);
  const legend = el(
    'ul',
    { class: 'legend' },
    ...PARTS.map(([name, words]) => el('li', { class: `key key-pool-${name}` }, words)),
  );

  const draw = (): void => {
    const { status, map } = easel.watch;
    if (status === undefined) return;
    const { usedChunks, freeChunks, quarantinedChunks, counters, store } = status;
    const inVolume = map.filter(({ origin }) => origin !== 'hole').length;
    setText(used, size(usedChunks * TILE_BYTES));
    setText(free, size(freeChunks * TILE_BYTES));
    setText(waiting, size(quarantinedChunks * TILE_BYTES));
    setText(flushes, count(store.commits.flushes + counters.dataFlushes + counters.metaFlushes));
    setText(factor, writtenPerByte(status));
    const parts = [inVolume, Math.max(0, usedChunks - inVolume), quarantinedChunks, freeChunks];
    for (const [at, chunks] of parts.entries()) bars[at]!.style.flexGrow = String(chunks);
    pool.setAttribute(
      'aria-label',
      PARTS.map(([, words], at) => `${count(parts[at]!)} chunks ${words}`).join(', '),
    );
  };
  easel.changed.on(draw);
  return el('div', { class: 'volume-figures' }, list, pool, legend);
}
