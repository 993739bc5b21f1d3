/** The snapshots as the header has them: bit, record, and how much each alone keeps. */
import type { SnapshotLayout } from '@varve/protocol';
import { el, replace } from '../../ui/dom.ts';
import { clockToSecond, count } from '../../ui/format.ts';
import type { Easel } from '../easel.ts';

/** @param least `≥` where exceptions are damaged: there may be more than were found */
function rowOf(snapshot: SnapshotLayout, most: number, least: string): HTMLElement {
  const { bit, name, lsn, createdAtMs, ownChunks, isDying } = snapshot;
  const bar = el('meter', { min: 0, max: Math.max(1, most), value: ownChunks });
  return el(
    'tr',
    { 'data-snapshot': name, title: `taken at ${clockToSecond(createdAtMs)}` },
    el('th', { scope: 'row' }, name, isDying && el('small', {}, ' being deleted')),
    el('td', {}, count(bit)),
    el('td', {}, count(lsn)),
    el('td', { class: 'when-taken' }, clockToSecond(createdAtMs)),
    el('td', { class: 'own-chunks' }, bar, el('span', {}, `${least}${count(ownChunks)}`)),
  );
}

export function snapshotsCard(easel: Easel): HTMLElement {
  const body = el('tbody', {});
  const none = el('p', { class: 'quiet' }, 'None. Each would have one of 64 bits.');
  const table = el(
    'div',
    { class: 'snapshot-rows', tabindex: 0, role: 'group', 'aria-labelledby': 'bits-title' },
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('th', { scope: 'col' }, 'Name'),
          el('th', { scope: 'col' }, 'Bit'),
          el('th', { scope: 'col' }, 'LSN'),
          el('th', { scope: 'col', class: 'when-taken' }, 'Taken'),
          el('th', { scope: 'col', title: 'Chunks that it alone has' }, 'Own'),
        ),
      ),
      body,
    ),
  );
  const draw = (): void => {
    const { layout } = easel.watch;
    const snapshots = layout?.snapshots ?? [];
    const least = layout !== undefined && layout.maps.exceptions.damaged > 0 ? '≥ ' : '';
    const most = snapshots.reduce((max, { ownChunks }) => Math.max(max, ownChunks), 0);
    replace(body, ...snapshots.map((snapshot) => rowOf(snapshot, most, least)));
    table.hidden = snapshots.length === 0;
    none.hidden = !table.hidden;
  };
  easel.watch.looked.on(draw);
  draw();
  return el(
    'section',
    { class: 'card', 'aria-labelledby': 'bits-title' },
    el('h3', { id: 'bits-title' }, 'Snapshots, by their bits'),
    none,
    table,
  );
}
