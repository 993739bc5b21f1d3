/** Keys that work anywhere on the page, unless somebody is typing or a sheet is open. */
import { openSheet } from './ui/ask.ts';
import { el } from './ui/dom.ts';

export interface Keys {
  compose(): void;
  search(): void;
  entries(): void;
}

const HELP: readonly (readonly [string, string])[] = [
  ['n', 'Write a new entry'],
  ['/', 'Search'],
  ['↓ ↑', 'Walk through the entries'],
  ['e', 'Edit the chosen entry'],
  ['Enter', 'Open its first file'],
  ['Delete', 'Delete it (with undo)'],
  ['Ctrl + Enter', 'Save what is being written'],
  ['Esc', 'Leave a field'],
  ['?', 'This list'],
];

export function showKeys(): void {
  openSheet('Keys', [
    el(
      'dl',
      { class: 'keys' },
      ...HELP.map(([key, text]) =>
        el('div', {}, el('dt', {}, el('kbd', {}, key)), el('dd', {}, text)),
      ),
    ),
  ]);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.matches('input, textarea, select') || target.isContentEditable);

export function listenForKeys(keys: Keys): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
    const onPage = document.activeElement === null || document.activeElement === document.body;
    if (event.key === 'n') keys.compose();
    else if (event.key === '/') keys.search();
    else if (event.key === '?') showKeys();
    else if (event.key === 'ArrowDown' && onPage) keys.entries();
    else return;
    event.preventDefault();
  });
}
