/** The logbook as a person sees it: composer, search, entries, and what to do when it does not open. */
import { el, replace, setText } from '../ui/dom.ts';
import { sentenceOf } from '../ui/failure.ts';
import { icon } from '../ui/icons.ts';
import { toastError } from '../ui/toast.ts';
import { composer } from './composer.ts';
import { entryList } from './entry-list.ts';
import type { Logbook } from './logbook.ts';
import { sampleWeek } from './sample-week.ts';

export interface LogbookPane {
  readonly elements: HTMLElement[];
  compose(): void;
  search(): void;
  focusEntries(): void;
  /** Opens the logbook; a refusal is shown with a way to try again. */
  start(): Promise<void>;
}

function emptyState(logbook: Logbook, compose: () => void): HTMLElement {
  const fill = el('button', { type: 'button', class: 'button' }, 'Fill in a sample week');
  fill.addEventListener('click', () => {
    fill.disabled = true;
    sampleWeek(logbook)
      .catch((error: unknown) => toastError('The sample week stopped', error))
      .finally(() => {
        fill.disabled = false;
      });
  });
  return el(
    'div',
    { class: 'empty' },
    el('div', { class: 'empty-strata', 'aria-hidden': 'true' }),
    el('h3', {}, 'Still water'),
    el(
      'p',
      {},
      'Nothing has been laid down yet. Each entry becomes a layer that stays where it is: edits and deletions are layers on top.',
    ),
    el(
      'div',
      { class: 'row' },
      el(
        'button',
        { type: 'button', class: 'button button-main', on: { click: compose } },
        'Write the first entry',
      ),
      fill,
    ),
  );
}

export function logbookPane(logbook: Logbook): LogbookPane {
  const write = composer(logbook);
  const list = entryList(
    logbook,
    emptyState(logbook, () => write.focus()),
  );
  const query = el('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': 'Search entries',
    'aria-keyshortcuts': '/',
  });
  const found = el('p', { class: 'found quiet', role: 'status' });
  const trouble = el('div', { class: 'trouble', hidden: true });
  list.onCount = (text) => setText(found, text);

  query.addEventListener('input', () => list.search(query.value));
  query.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      if (query.value === '') query.blur();
      query.value = '';
      list.search('');
    } else if (event.key === 'ArrowDown') {
      event.preventDefault();
      list.focusFirst();
    }
  });

  const start = async (): Promise<void> => {
    trouble.hidden = true;
    try {
      await logbook.load();
    } catch (error) {
      replace(
        trouble,
        el('h3', {}, icon('alert'), 'The logbook did not open'),
        el('p', {}, sentenceOf(error)),
        el(
          'button',
          { type: 'button', class: 'button button-main', on: { click: () => void start() } },
          'Try again',
        ),
      );
      trouble.hidden = false;
    }
  };

  return {
    elements: [
      write.element,
      trouble,
      el(
        'div',
        { class: 'search', role: 'search' },
        el('label', { class: 'search-box' }, icon('search'), query, el('kbd', {}, '/')),
        found,
      ),
      list.element,
    ],
    compose: () => write.focus(),
    search: () => query.focus(),
    focusEntries: () => list.focusFirst(),
    start,
  };
}
