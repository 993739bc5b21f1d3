/**
 * Where an entry is written: text, files by button, drop or paste.
 *
 * Always true: the draft is cleared only after its record is durable; a failed save keeps it.
 */
import { append, el, replace, setText } from '../ui/dom.ts';
import { duration, size } from '../ui/format.ts';
import { icon } from '../ui/icons.ts';
import { sentenceOf } from '../ui/failure.ts';
import type { Logbook } from './logbook.ts';

export interface Composer {
  readonly element: HTMLElement;
  focus(): void;
}

export function composer(logbook: Logbook): Composer {
  let files: File[] = [];

  const text = el('textarea', {
    id: 'entry-text',
    rows: 2,
    placeholder: 'What happened?',
    'aria-label': 'New entry',
    'aria-keyshortcuts': 'n',
  });
  const picker = el('input', {
    type: 'file',
    multiple: true,
    class: 'visually-hidden',
    tabindex: -1,
    'aria-label': 'Files to attach',
  });
  const attach = el(
    'button',
    { type: 'button', class: 'button', on: { click: () => picker.click() } },
    icon('attach'),
    'Attach',
  );
  const save = el('button', { type: 'submit', class: 'button button-main' }, 'Log it');
  const said = el(
    'p',
    { class: 'composer-said', role: 'status' },
    'Saved means flushed to disk. Ctrl + Enter saves.',
  );
  const chips = el('ul', { class: 'chips', 'aria-label': 'Files to attach' });
  const form = el(
    'form',
    { class: 'composer', 'aria-label': 'New entry' },
    text,
    chips,
    el('div', { class: 'row composer-foot' }, attach, picker, said, save),
  );

  const drawFiles = (): void => {
    replace(chips);
    append(
      chips,
      files.map((file) =>
        el(
          'li',
          { class: 'chip' },
          icon('file'),
          el('span', { class: 'chip-name' }, file.name),
          el('span', { class: 'quiet' }, size(file.size)),
          el(
            'button',
            {
              type: 'button',
              class: 'ghost',
              'aria-label': `Do not attach ${file.name}`,
              on: {
                click: () => {
                  files = files.filter((other) => other !== file);
                  drawFiles();
                  attach.focus();
                },
              },
            },
            icon('close'),
          ),
        ),
      ),
    );
    chips.hidden = files.length === 0;
  };

  const take = (more: Iterable<File>): void => {
    files = [...files, ...more];
    drawFiles();
  };

  const grow = (): void => {
    text.style.height = 'auto';
    text.style.height = `${Math.min(text.scrollHeight + 2, 320)}px`;
  };

  const submit = async (): Promise<void> => {
    const written = text.value.trim();
    if ((written === '' && files.length === 0) || save.disabled) return;
    save.disabled = true;
    setText(said, files.length > 0 ? 'Writing the files …' : 'Writing …');
    try {
      await logbook.add({ text: written, files });
      text.value = '';
      files = [];
      drawFiles();
      grow();
    } catch (error) {
      said.classList.add('is-alarm');
      setText(said, `Not saved. ${sentenceOf(error)}`);
    } finally {
      save.disabled = false;
    }
  };

  logbook.saved.on(({ lsn, tookMs }) => {
    said.classList.remove('is-alarm');
    setText(said, `Durable in ${duration(tookMs)}, LSN ${lsn}`);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit();
  });
  text.addEventListener('input', grow);
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void submit();
    } else if (event.key === 'Escape') text.blur();
  });
  text.addEventListener('paste', (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length === 0) return;
    event.preventDefault();
    take(pasted);
  });
  picker.addEventListener('change', () => {
    take(picker.files ?? []);
    picker.value = '';
  });
  form.addEventListener('dragover', (event) => {
    event.preventDefault();
    form.classList.add('is-over');
  });
  form.addEventListener('dragleave', () => form.classList.remove('is-over'));
  form.addEventListener('drop', (event) => {
    event.preventDefault();
    form.classList.remove('is-over');
    take(event.dataTransfer?.files ?? []);
  });
  drawFiles();

  return { element: form, focus: () => text.focus() };
}
