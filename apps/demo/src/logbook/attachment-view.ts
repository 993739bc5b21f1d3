/**
 * An attached file in an entry: images as previews, text opened in place, everything downloadable.
 *
 * Always true: an object URL lives only as long as the element or download that shows it.
 */
import { el } from '../ui/dom.ts';
import { openSheet } from '../ui/ask.ts';
import { size } from '../ui/format.ts';
import { icon } from '../ui/icons.ts';
import { toastError } from '../ui/toast.ts';
import type { Attachment } from './entries.ts';
import type { Logbook } from './logbook.ts';

const TEXT_PREVIEW_BYTES = 200_000;

const isImage = (file: Attachment): boolean => file.mime.startsWith('image/');
const isText = (file: Attachment): boolean =>
  file.mime.startsWith('text/') || /\.(md|txt|csv|json|ndjson|log|ts|js|ya?ml)$/i.test(file.name);

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  el('a', { href: url, download: name }).click();
  // The download has its own hold on the blob once it began.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function show(logbook: Logbook, file: Attachment): Promise<void> {
  const blob = await logbook.read(file);
  const save = el(
    'button',
    { type: 'button', class: 'button', on: { click: () => download(blob, file.name) } },
    icon('download'),
    'Download',
  );
  const facts = el(
    'p',
    { class: 'quiet row' },
    `${size(file.bytes)}, record LSN ${file.lsn}`,
    save,
  );
  if (isImage(file)) {
    const url = URL.createObjectURL(blob);
    const picture = el('img', { src: url, alt: file.name, class: 'viewer-image' });
    openSheet(file.name, [picture, facts], () => URL.revokeObjectURL(url));
  } else if (isText(file)) {
    const text = await blob.slice(0, TEXT_PREVIEW_BYTES).text();
    openSheet(file.name, [el('pre', { class: 'viewer-text', tabindex: 0 }, text), facts]);
  } else download(blob, file.name);
}

/** Reads the image only when it comes near the screen. */
function preview(logbook: Logbook, file: Attachment): HTMLImageElement {
  const image = el('img', { alt: '', class: 'thumb', decoding: 'async' });
  const watch = new IntersectionObserver(
    (sightings) => {
      if (!sightings.some((sighting) => sighting.isIntersecting)) return;
      watch.disconnect();
      logbook.read(file).then(
        (blob) => {
          const url = URL.createObjectURL(blob);
          const done = (): void => URL.revokeObjectURL(url);
          image.addEventListener('load', done, { once: true });
          image.addEventListener('error', done, { once: true });
          image.src = url;
        },
        () => image.classList.add('is-broken'),
      );
    },
    { rootMargin: '200px' },
  );
  watch.observe(image);
  return image;
}

export function attachmentView(logbook: Logbook, file: Attachment): HTMLElement {
  const verb = isImage(file) || isText(file) ? 'Open' : 'Download';
  const run = (task: () => Promise<void>): void => {
    task().catch((error: unknown) => toastError(`Could not read ${file.name}`, error));
  };
  const label = el(
    'span',
    { class: 'file-label' },
    !isImage(file) && icon('file'),
    el('span', { class: 'chip-name' }, file.name),
    el('span', { class: 'quiet' }, size(file.bytes)),
  );
  return el(
    'li',
    { class: isImage(file) ? 'file file-image' : 'file' },
    el(
      'button',
      {
        type: 'button',
        class: 'file-open',
        'aria-label': `${verb} ${file.name}, ${size(file.bytes)}`,
        on: { click: () => run(() => show(logbook, file)) },
      },
      isImage(file) && preview(logbook, file),
      label,
    ),
    el(
      'button',
      {
        type: 'button',
        class: 'ghost file-save',
        'aria-label': `Download ${file.name}`,
        on: { click: () => run(async () => download(await logbook.read(file), file.name)) },
      },
      icon('download'),
    ),
  );
}
