/** Modal questions and sheets, on the platform's `<dialog>`: focus is kept inside and given back. */
import { el, type Child } from './dom.ts';
import { icon } from './icons.ts';

export interface Question {
  readonly title: string;
  readonly text: string;
  /** The label of the button that says yes. */
  readonly yes: string;
  readonly grave?: boolean;
}

/** Resolves with true only if the person pressed the `yes` button. */
export function ask(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const no = el('button', { type: 'submit', value: 'no', class: 'button' }, 'Cancel');
    const dialog = el(
      'dialog',
      { class: 'sheet sheet-narrow', 'aria-labelledby': 'ask-title' },
      el(
        'form',
        { method: 'dialog' },
        el('h2', { id: 'ask-title' }, question.title),
        el('p', {}, question.text),
        el(
          'div',
          { class: 'row row-end' },
          no,
          el(
            'button',
            {
              type: 'submit',
              value: 'yes',
              class: question.grave ? 'button button-grave' : 'button button-main',
            },
            question.yes,
          ),
        ),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}

/** Shows `children` in a sheet until it is dismissed; `onClose` then runs once. */
export function openSheet(
  title: string,
  children: readonly Child[],
  onClose?: () => void,
): HTMLDialogElement {
  const dialog = el(
    'dialog',
    { class: 'sheet', 'aria-label': title },
    el(
      'header',
      { class: 'sheet-head' },
      el('h2', {}, title),
      el(
        'button',
        {
          type: 'button',
          class: 'ghost',
          'aria-label': 'Close',
          on: { click: () => dialog.close() },
        },
        icon('close'),
      ),
    ),
    el('div', { class: 'sheet-body' }, ...children),
  );
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
