/**
 * Export, import and erase.
 *
 * Always true: an import becomes a store of its own first and is read from end to end; only then,
 * and only if the person says so, does it take the logbook's place.
 */
import { openLog } from 'varve';
import { deleteStore, importStore } from 'varve/stores';
import { inTurn } from '../exclusive.ts';
import { ask } from '../ui/ask.ts';
import { el, replace } from '../ui/dom.ts';
import { dayKey, plural, size } from '../ui/format.ts';
import { icon, type IconName } from '../ui/icons.ts';
import { sentenceOf } from '../ui/failure.ts';
import { toast, toastError } from '../ui/toast.ts';
import {
  applyRecord,
  EntryType,
  visibleEntries,
  type LogbookEntry,
  type LogbookRecord,
} from '../logbook/entries.ts';
import { download } from '../logbook/attachment-view.ts';
import type { Logbook } from '../logbook/logbook.ts';
import type { WatchedStore } from '../inspector/store-watch.ts';

const ARRIVED = 'imported-copy';

interface Arrival {
  readonly records: number;
  readonly entries: number;
}

const dropArrived = (): Promise<void> => deleteStore(ARRIVED).catch(() => undefined);

/** Makes a store of its own from the file and reads all of it. */
async function examine(file: Blob): Promise<Arrival> {
  await dropArrived();
  try {
    await importStore(ARRIVED, file);
    return await readArrived();
  } finally {
    await dropArrived();
  }
}

async function readArrived(): Promise<Arrival> {
  const log = await openLog<LogbookRecord>(ARRIVED, { readOnly: true });
  try {
    const state = new Map<string, LogbookEntry>();
    for await (const record of log.read({ type: EntryType })) applyRecord(state, record);
    return { records: log.status().lastLsn, entries: visibleEntries(state).length };
  } finally {
    await log.close();
  }
}

export interface TransferPanel {
  readonly element: HTMLElement;
  take(file: File): Promise<void>;
}

export function transferPanel(
  logbook: Logbook,
  watched: () => WatchedStore,
  eraseLab: (remove: () => Promise<void>) => Promise<void>,
): TransferPanel {
  const place = el('div', { class: 'verdict-place', 'aria-live': 'polite' });
  const picker = el('input', {
    type: 'file',
    class: 'visually-hidden',
    tabindex: -1,
    'aria-label': 'Store file',
  });

  const exportStore = async (): Promise<void> => {
    const store = watched();
    if (store.log === undefined) throw new Error('The store is not open.');
    const blob = await new Response(store.log.export()).blob();
    download(blob, `${store.name}-${dayKey(Date.now())}.varve`);
    toast(`Exported ${size(blob.size)}. \`varve inspect\` reads the file, and so does Import.`);
  };

  const erase = async (): Promise<void> => {
    const store = watched();
    const isLogbook = store === logbook.store;
    const yes = await ask({
      title: isLogbook ? 'Erase the logbook?' : 'Erase the crash lab’s store?',
      text: isLogbook
        ? 'Every entry and every attached file goes, for good. An export made before can bring them back.'
        : 'The records of all storms go. The logbook is not touched.',
      yes: 'Erase everything',
      grave: true,
    });
    if (!yes) return;
    const remove = (): Promise<void> => deleteStore(store.name);
    await (isLogbook ? logbook.startOver(remove) : eraseLab(remove));
    toast(isLogbook ? 'Erased. The logbook is new.' : 'Erased. The lab is clean.');
  };

  const adopt = async (file: Blob): Promise<void> => {
    const yes = await ask({
      title: 'Replace the logbook?',
      text: 'The imported entries take the place of those in the logbook now. Export the logbook first if you want to keep it.',
      yes: 'Replace',
      grave: true,
    });
    if (!yes) return;
    await logbook.startOver(async () => {
      await deleteStore(logbook.store.name);
      await importStore(logbook.store.name, file);
    });
    replace(place);
    toast('The logbook now holds what was imported.');
  };

  const take = async (file: File): Promise<void> => {
    replace(place, el('p', { class: 'quiet' }, `Checking ${file.name} …`));
    try {
      const arrival = await inTurn(ARRIVED, () => examine(file));
      replace(
        place,
        el(
          'article',
          { class: 'verdict is-passed', 'data-imported': arrival.records },
          el('h3', {}, icon('shield'), `${file.name} is whole`),
          el(
            'p',
            {},
            `${plural(arrival.records, 'record')} up to LSN ${arrival.records}, every one verified; ${plural(arrival.entries, 'logbook entry', 'logbook entries')}.`,
          ),
          el(
            'div',
            { class: 'row' },
            action('Use it as my logbook', 'log', 'button-main', () => adopt(file)),
            action('Dismiss', 'close', '', async () => replace(place)),
          ),
        ),
      );
    } catch (error) {
      replace(
        place,
        el(
          'article',
          { class: 'verdict is-failed' },
          el('h3', {}, icon('alert'), `${file.name} was refused`),
          el('p', {}, sentenceOf(error)),
        ),
      );
    }
  };

  function action(
    label: string,
    name: IconName,
    className: string,
    run: () => Promise<void>,
  ): HTMLButtonElement {
    return el(
      'button',
      {
        type: 'button',
        class: `button ${className}`,
        on: { click: () => void run().catch((error: unknown) => toastError(label, error)) },
      },
      icon(name),
      label,
    );
  }

  picker.addEventListener('change', () => {
    const [file] = picker.files ?? [];
    picker.value = '';
    if (file !== undefined) void take(file);
  });
  const element = el(
    'section',
    { class: 'card', 'aria-labelledby': 'transfer-title' },
    el('h3', { id: 'transfer-title' }, 'Take it with you'),
    el(
      'p',
      {},
      'An export is the whole store in one file: the command line, Node and any other browser can read it. Drop one here to import it.',
    ),
    el(
      'div',
      { class: 'row' },
      action('Export', 'download', '', exportStore),
      action('Import …', 'upload', '', async () => picker.click()),
      action('Erase …', 'trash', 'button-grave', erase),
      picker,
    ),
    place,
  );
  element.addEventListener('dragover', (event) => {
    event.preventDefault();
    element.classList.add('is-over');
  });
  element.addEventListener('dragleave', () => element.classList.remove('is-over'));
  element.addEventListener('drop', (event) => {
    event.preventDefault();
    element.classList.remove('is-over');
    const [file] = event.dataTransfer?.files ?? [];
    if (file !== undefined) void take(file);
  });
  return { element, take };
}
