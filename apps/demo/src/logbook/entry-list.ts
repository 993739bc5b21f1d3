/**
 * The entries, newest first, grouped by day.
 *
 * Always true:
 * - exactly one entry takes part in the tab order; arrows move it
 * - an entry's element is kept while nothing about it changes, so focus and images stay
 */
import { append, el, replace } from '../ui/dom.ts';
import { dayKey, dayName, plural } from '../ui/format.ts';
import { matches, visibleEntries, wordsOf, type LogbookEntry } from './entries.ts';
import { entryView, removeEntry } from './entry-view.ts';
import type { Logbook } from './logbook.ts';

/** Entries drawn at once; a button shows more. */
const PAGE = 200;

export interface EntryList {
  readonly element: HTMLElement;
  search(query: string): void;
  focusFirst(): void;
  /** How many entries the search shows, for a live region. */
  onCount: (text: string) => void;
}

export function entryList(logbook: Logbook, empty: HTMLElement): EntryList {
  const element = el('div', { class: 'entries' });
  const kept = new Map<string, { entry: LogbookEntry; query: string; item: HTMLLIElement }>();
  let query = '';
  let limit = PAGE;

  const items = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>('.entry')];

  const itemFor = (entry: LogbookEntry): HTMLLIElement => {
    const known = kept.get(entry.id);
    if (known?.entry === entry && known.query === query) return known.item;
    const item = entryView(logbook, entry, wordsOf(query));
    kept.set(entry.id, { entry, query, item });
    return item;
  };

  const draw = (): void => {
    const focusedId = document.activeElement?.closest<HTMLElement>('.entry')?.dataset['id'];
    const words = wordsOf(query);
    const all = visibleEntries(logbook.state);
    const found = words.length === 0 ? all : all.filter((entry) => matches(entry, words));
    const nowMs = Date.now();
    const sections: HTMLElement[] = [];
    let list: HTMLElement | undefined;
    let day = '';
    for (const entry of found.slice(0, limit)) {
      if (list === undefined || dayKey(entry.atMs) !== day) {
        day = dayKey(entry.atMs);
        list = el('ol', { class: 'day-entries', 'data-day': day });
        sections.push(
          el('section', { class: 'day' }, el('h3', {}, dayName(entry.atMs, nowMs)), list),
        );
      }
      list.append(itemFor(entry));
    }
    replace(element);
    append(element, sections);
    if (all.length === 0 && logbook.loaded) element.append(empty);
    else if (found.length === 0 && logbook.loaded) {
      element.append(el('p', { class: 'nothing' }, 'No entry has all of these words.'));
    }
    if (found.length > limit) {
      const more = el(
        'button',
        { type: 'button', class: 'button' },
        `Show ${plural(found.length - limit, 'older entry', 'older entries')}`,
      );
      more.addEventListener('click', () => {
        limit += PAGE;
        draw();
      });
      element.append(more);
    }
    const first = items()[0];
    if (first !== undefined && element.querySelector('.entry[tabindex="0"]') === null)
      first.tabIndex = 0;
    if (focusedId !== undefined)
      element.querySelector<HTMLElement>(`.entry[data-id="${CSS.escape(focusedId)}"]`)?.focus();
    view.onCount(
      words.length === 0
        ? plural(all.length, 'entry', 'entries')
        : `${found.length} of ${plural(all.length, 'entry', 'entries')}`,
    );
  };

  const focusAt = (index: number): void => {
    const every = items();
    const target = every[Math.max(0, Math.min(every.length - 1, index))];
    if (target === undefined) return;
    for (const item of every) item.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
    target.scrollIntoView({ block: 'nearest' });
  };

  element.addEventListener('keydown', (event) => {
    const target = event.target;
    if (!(target instanceof HTMLElement) || !target.classList.contains('entry')) return;
    const every = items();
    const at = every.indexOf(target);
    const move: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: every.length - 1,
    };
    const to = move[event.key];
    if (to !== undefined) {
      event.preventDefault();
      focusAt(to);
    } else if (event.key === 'Delete') {
      const entry = logbook.state.get(target.dataset['id'] ?? '');
      if (entry !== undefined) void removeEntry(logbook, entry).then(() => focusAt(at));
    } else if (event.key === 'Enter') target.querySelector<HTMLElement>('.file-open')?.click();
    else if (event.key === 'e') target.querySelector<HTMLElement>('.entry-acts button')?.click();
    else return;
    event.preventDefault();
  });

  const view: EntryList = {
    element,
    search(next) {
      query = next;
      limit = PAGE;
      draw();
    },
    focusFirst: () => focusAt(0),
    onCount: () => undefined,
  };
  logbook.changed.on(draw);
  return view;
}
