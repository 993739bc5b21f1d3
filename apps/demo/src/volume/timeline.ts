/**
 * The snapshots as a strip of small pictures over a slider; behind the last one is now.
 *
 * Always true: the slider's positions lie under the middles of the pictures.
 */
import { append, el, replace, setText } from '../ui/dom.ts';
import { button } from '../ui/button.ts';
import { clockToSecond, count, duration, plural, size } from '../ui/format.ts';
import type { Easel } from './easel.ts';
import { paintThumb, thumbCanvas, type Frame } from './frame.ts';
import { TILE_BYTES } from './tiles.ts';

/** The picture of now is as old as this at most, while something changes. */
const NOW_EVERY_MS = 250;

function sentence(easel: Easel): string {
  const { shown } = easel;
  const { differs, diffMs } = easel.watch;
  if (shown === undefined) {
    if (easel.frames.length === 0) return 'Now. No snapshot was taken yet.';
    return `Now, behind ${plural(easel.frames.length, 'snapshot')}. Drag the slider to look back.`;
  }
  const { name, createdAtMs, lsn } = shown.snapshot;
  const taken = `‘${name}’, taken at ${clockToSecond(createdAtMs)}, LSN ${count(lsn)}`;
  if (differs.size === 0) return `${taken}: the same as now.`;
  const bytes = size(differs.size * TILE_BYTES);
  return `${taken}. ${plural(differs.size, 'chunk')} (${bytes}) ${differs.size === 1 ? 'differs' : 'differ'} from now: outlined, found in ${duration(diffMs)} from metadata alone.`;
}

export function timeline(easel: Easel): HTMLElement {
  const strip = el('ol', { class: 'film', 'aria-hidden': 'true' });
  const slider = el('input', {
    type: 'range',
    class: 'film-slider',
    min: 0,
    max: 0,
    step: 1,
    'aria-label': 'Snapshots, the oldest first; the last position is now',
  });
  const said = el('p', { class: 'film-said', role: 'status' });
  const take = button('Take a snapshot', 'flag', 'button-main', () => easel.take());
  const restore = button('Restore', 'undo', '', () => easel.restore());
  const remove = button('Delete', 'trash', 'button-grave', () => easel.remove());
  const progress = el('progress', { max: 1, value: 0, 'aria-label': 'Progress' });
  const now = thumbCanvas();
  let drawn: readonly Frame[] = [];
  let paintedAtMs = -Infinity;
  let paintLater: ReturnType<typeof setTimeout> | undefined;

  const paintNow = (): void => {
    paintLater = undefined;
    paintedAtMs = performance.now();
    paintThumb(now, easel.now);
  };
  const paintNowSoon = (): void => {
    const dueMs = paintedAtMs + NOW_EVERY_MS - performance.now();
    paintLater ??= setTimeout(paintNow, Math.max(0, dueMs));
  };

  const drawStrip = (): void => {
    if (drawn === easel.frames && strip.childElementCount > 0) return;
    drawn = easel.frames;
    replace(strip);
    append(strip, [
      ...drawn.map(({ thumb }) => el('li', { class: 'film-frame' }, thumb)),
      el('li', { class: 'film-frame film-now' }, now),
    ]);
  };

  const draw = (): void => {
    drawStrip();
    const { frames, at, shown, task } = easel;
    const isOpen = easel.isReady;
    element.style.setProperty('--frames', String(frames.length + 1));
    for (const [index, item] of [...strip.children].entries())
      item.classList.toggle('is-shown', index === at);
    slider.max = String(frames.length);
    slider.value = String(at);
    slider.disabled = !isOpen || frames.length === 0;
    slider.setAttribute(
      'aria-valuetext',
      shown === undefined ? 'now' : `${shown.snapshot.name}, ${at + 1} of ${frames.length}`,
    );
    const text = sentence(easel);
    setText(said, isOpen ? text : 'The volume is not open.');
    take.disabled = !isOpen || task !== undefined;
    restore.disabled = !isOpen || shown === undefined || task !== undefined;
    remove.disabled = restore.disabled;
    progress.classList.toggle('is-idle', task === undefined);
    const { done, total } = easel.progress ?? { done: 0, total: 0 };
    progress.value = total === 0 ? 0 : done / total;
    paintNowSoon();
  };

  slider.addEventListener('input', () => easel.show(Number(slider.value)));
  const point = (event: PointerEvent): void => {
    if (slider.disabled || event.buttons === 0) return;
    const box = strip.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    easel.show(Math.floor(share * (easel.frames.length + 1)));
  };
  strip.addEventListener('pointerdown', (event) => {
    strip.setPointerCapture(event.pointerId);
    point(event);
  });
  strip.addEventListener('pointermove', point);

  const element = el(
    'section',
    { class: 'card film-card', 'aria-labelledby': 'film-title' },
    el(
      'header',
      { class: 'card-head' },
      el('h3', { id: 'film-title' }, 'Snapshots'),
      el('span', { class: 'quiet film-limit' }, '64 at most, each O(1) to take'),
    ),
    el('div', { class: 'film-place' }, strip, slider),
    said,
    el('div', { class: 'row' }, take, restore, remove, progress),
  );
  easel.changed.on(draw);
  draw();
  return element;
}
