/** Every chunk of the pool and every place of the metadata file: who has it, or that it is free. */
import { el, setText } from '../../ui/dom.ts';
import type { Easel } from '../easel.ts';
import { letterGrid, type Letters, type Say } from './letter-grid.ts';

const USES: Letters = {
  o: ['use-origin', 'the origin’s alone'],
  '+': ['use-shared', 'shared with snapshots'],
  s: ['use-snapshots', 'of snapshots alone'],
  q: ['use-quarantine', 'in quarantine'],
  '.': ['use-free', 'free again'],
  '?': ['use-unknown', 'not known'],
};

const PLACES: Letters = {
  o: ['place-origin', 'of the origin’s map'],
  e: ['place-exceptions', 'of the exceptions'],
  r: ['place-references', 'of the references'],
  x: ['use-quarantine', 'left, free after the next checkpoint'],
  '.': ['use-free', 'free'],
  '?': ['use-unknown', 'not known'],
};

/** More than the demo's volume mostly needs, so that what lies below rarely moves. */
const PLACES_ROOM = 128;

const HINT = 'Point at a cell to hear what it is.';

export function spaceCard(easel: Easel): HTMLElement {
  const said = el('p', { class: 'space-said' }, HINT);
  const say: Say = (words, isByKey) => {
    // A pointer would never let a screen reader finish.
    said.setAttribute('aria-live', isByKey ? 'polite' : 'off');
    setText(said, words ?? HINT);
  };
  const pool = letterGrid(
    easel,
    {
      title: 'The pool, chunk by chunk',
      noun: 'Chunk of the pool',
      columns: 64,
      letters: USES,
      beyond: 'free, not used yet',
      of: () => {
        const { layout, status } = easel.watch;
        if (layout === undefined || status === undefined) return undefined;
        return { letters: layout.pool.uses, first: 0, room: status.capacityChunks };
      },
    },
    say,
  );
  const places = letterGrid(
    easel,
    {
      title: 'The metadata file, block by block',
      noun: 'Place',
      columns: 16,
      letters: PLACES,
      of: () => {
        const told = easel.watch.layout;
        return told && { letters: told.places, first: 1, room: PLACES_ROOM };
      },
    },
    say,
  );
  return el(
    'section',
    { class: 'card space-card', 'aria-labelledby': 'space-title' },
    el('h3', { id: 'space-title' }, 'Its space'),
    el('div', { class: 'spaces' }, pool, places),
    said,
  );
}
