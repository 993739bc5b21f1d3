/** Short messages at the foot of the page. Polite for news, assertive for faults. */
import { byId, el } from './dom.ts';
import { icon } from './icons.ts';
import { sentenceOf } from './failure.ts';

export interface ToastOptions {
  readonly tone?: 'calm' | 'alarm';
  readonly action?: { readonly label: string; readonly run: () => void };
  readonly staysMs?: number;
}

export function toast(text: string, options: ToastOptions = {}): void {
  const alarm = options.tone === 'alarm';
  const close = (): void => box.remove();
  const box = el(
    'div',
    { class: alarm ? 'toast toast-alarm' : 'toast', role: alarm ? 'alert' : 'status' },
    alarm ? icon('alert') : icon('check'),
    el('span', {}, text),
    options.action &&
      el(
        'button',
        {
          type: 'button',
          class: 'link',
          on: {
            click: () => {
              options.action?.run();
              close();
            },
          },
        },
        options.action.label,
      ),
    el(
      'button',
      { type: 'button', class: 'ghost', 'aria-label': 'Dismiss', on: { click: close } },
      icon('close'),
    ),
  );
  const shelf = byId('toasts');
  while (shelf.childElementCount > 2) shelf.firstElementChild?.remove();
  shelf.append(box);
  setTimeout(close, options.staysMs ?? (alarm ? 12_000 : 6_000));
}

export function toastError(what: string, error: unknown): void {
  console.error(what, error);
  toast(`${what}: ${sentenceOf(error)}`, { tone: 'alarm' });
}
