/** One entry as a layer of the log: when, what, its files, and what can be done with it. */
import { append, el, replace, type Child } from '../ui/dom.ts';
import { clock, plural } from '../ui/format.ts';
import { icon } from '../ui/icons.ts';
import { toast, toastError } from '../ui/toast.ts';
import { attachmentView } from './attachment-view.ts';
import type { LogbookEntry } from './entries.ts';
import type { Logbook } from './logbook.ts';

/** The text with every occurrence of the words marked. */
export function marked(text: string, words: readonly string[]): Child[] {
  if (words.length === 0) return [text];
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return text
    .split(new RegExp(`(${pattern})`, 'gi'))
    .map((part, index) => (index % 2 === 1 ? el('mark', {}, part) : part));
}

export async function removeEntry(logbook: Logbook, entry: LogbookEntry): Promise<void> {
  try {
    await logbook.remove(entry.id);
  } catch (error) {
    toastError('Not deleted', error);
    return;
  }
  toast('Entry deleted: a tombstone record now says so.', {
    action: {
      label: 'Undo',
      run: () => {
        logbook.restore(entry.id).catch((error: unknown) => toastError('Not restored', error));
      },
    },
  });
}

/** Lets the person rewrite the text in place; saving appends an edit record. */
function startEdit(
  logbook: Logbook,
  entry: LogbookEntry,
  body: HTMLElement,
  redraw: () => void,
): void {
  const text = el('textarea', { class: 'entry-edit', 'aria-label': 'Edit entry', rows: 3 });
  text.value = entry.text;
  const save = (): void => {
    const written = text.value.trim();
    if (written === entry.text) redraw();
    else logbook.edit(entry.id, written).catch((error: unknown) => toastError('Not saved', error));
  };
  text.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Escape') redraw();
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
  });
  replace(
    body,
    text,
    el(
      'div',
      { class: 'row' },
      el('button', { type: 'button', class: 'button button-main', on: { click: save } }, 'Save'),
      el('button', { type: 'button', class: 'button', on: { click: redraw } }, 'Cancel'),
    ),
  );
  text.focus();
}

export function entryView(
  logbook: Logbook,
  entry: LogbookEntry,
  words: readonly string[],
): HTMLLIElement {
  const body = el('div', { class: 'entry-body' });
  const item = el('li', {
    class: 'entry',
    tabindex: -1,
    'data-id': entry.id,
    // The band at the left edge is as thick as the entry is long, like the layer of a wet year.
    'data-weight': Math.min(
      4,
      1 + Math.floor(entry.text.length / 120) + (entry.files.length > 0 ? 1 : 0),
    ),
  });

  const act = (label: string, name: 'pencil' | 'trash', run: () => void): HTMLElement =>
    el(
      'button',
      { type: 'button', class: 'ghost', 'aria-label': label, title: label, on: { click: run } },
      icon(name),
    );

  const draw = (): void => {
    const parts: Child[] = [];
    if (entry.text !== '')
      parts.push(el('p', { class: 'entry-text' }, ...marked(entry.text, words)));
    if (entry.files.length > 0) {
      const files = el('ul', { class: 'files', 'aria-label': plural(entry.files.length, 'file') });
      append(
        files,
        entry.files.map((file) => attachmentView(logbook, file)),
      );
      parts.push(files);
    }
    replace(body, ...parts);
  };
  draw();

  const time = el('time', { datetime: new Date(entry.atMs).toISOString() }, clock(entry.atMs));
  append(item, [
    el(
      'div',
      { class: 'entry-head' },
      time,
      el('span', { class: 'lsn', title: 'Log sequence number of this record' }, `LSN ${entry.lsn}`),
      entry.edited && el('span', { class: 'lsn' }, 'edited'),
      el(
        'span',
        { class: 'entry-acts' },
        act('Edit entry', 'pencil', () => startEdit(logbook, entry, body, draw)),
        act('Delete entry', 'trash', () => void removeEntry(logbook, entry)),
      ),
    ),
    body,
  ]);
  return item;
}
