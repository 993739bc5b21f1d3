/**
 * One slot from inside: its batches in layers, and a line that says what the chosen one is.
 *
 * Always true: what is drawn comes from `batches()`; nothing is made up to look fuller.
 */
import type { BatchLayout } from 'varve';
import { el, setText } from '../ui/dom.ts';
import { clockToSecond, count, lsnRange, plural, size } from '../ui/format.ts';
import { themeChanged } from '../ui/theme.ts';
import { lastLsnOf, paintSlot, paintWater } from './slot-painter.ts';
import { windowFor, type SlotWindow } from './slot-window.ts';
import type { StoreWatch } from './store-watch.ts';

const HEIGHT = 300;
const LEGEND = [
  ['records', 'records'],
  ['fragment', 'fragments'],
  ['control', 'control'],
  ['mark', 'marks'],
  ['cut', 'cut at a restart'],
  ['durable', 'durable LSN'],
  ['covered', 'checkpoint'],
] as const;
const KIND_WORDS: Record<BatchLayout['kind'], string> = {
  records: 'records',
  fragment: 'fragment of a stream',
  control: 'control',
  mark: 'mark, proves the batch before it',
};

function describe(batch: BatchLayout): string {
  const what =
    batch.kind === 'records'
      ? `${plural(batch.count, 'record')}, ${lsnRange(batch.firstLsn, lastLsnOf(batch))}`
      : KIND_WORDS[batch.kind];
  return `+${count(batch.offset)}: ${what}, ${size(batch.bytes)}, generation ${batch.generation}, written knowing LSN ${count(batch.durableLsn)} durable, ${clockToSecond(batch.wallTimeMs)}`;
}

export function slotCore(watch: StoreWatch): HTMLElement {
  const canvas = el('canvas', {
    class: 'slot-canvas',
    tabindex: 0,
    role: 'img',
    'aria-describedby': 'slot-said',
    'aria-label': 'The batches of the chosen slot. Arrow keys walk through them.',
  });
  const title = el('h3', {}, 'Inside the slot');
  const follow = el(
    'button',
    { type: 'button', class: 'link', hidden: true, on: { click: () => watch.zoom('tail') } },
    'Back to the tail',
  );
  const said = el('p', { class: 'slot-said', id: 'slot-said' });
  let chosen = -1;
  let slotDrawn = -1;
  let shown: SlotWindow = windowFor(0, 4096);

  /** A canvas of the element's size in the screen's own pixels. */
  const clean = (): { context: CanvasRenderingContext2D; width: number } | undefined => {
    const width = canvas.clientWidth;
    const context = canvas.getContext('2d');
    if (context === null || width === 0) return undefined;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(HEIGHT * devicePixelRatio);
    context.scale(devicePixelRatio, devicePixelRatio);
    return { context, width };
  };

  const draw = (): void => {
    const { batches, layout, status, slot: number, followsTail } = watch.view;
    const surface = clean();
    if (surface === undefined) return;
    const slot = layout?.slots.find((each) => each.slot === number);
    if (layout === undefined || status === undefined || slot === undefined) {
      paintWater(surface.context, surface.width, HEIGHT);
      return;
    }
    if (slotDrawn !== slot.slot) {
      slotDrawn = slot.slot;
      chosen = -1;
    }
    const last = batches.at(-1);
    const usedBytes = Math.max(
      slot.state === 'spare' ? 0 : slot.usedBytes,
      last === undefined ? 0 : last.offset + last.bytes,
    );
    shown = windowFor(usedBytes, layout.segmentSizeBytes);
    const picked = batches[chosen];
    paintSlot(surface.context, {
      width: surface.width,
      height: HEIGHT,
      view: shown,
      usedBytes,
      batches,
      durableLsn: status.durableLsn,
      coveredLsn: status.coveredLsn,
      chosen: picked,
    });
    setText(title, `Inside slot ${slot.slot}${followsTail ? ', the tail' : ''}`);
    follow.hidden = followsTail;
    // Only what somebody asked for is read out; a storm would never let a screen reader finish.
    said.setAttribute('aria-live', picked === undefined ? 'off' : 'polite');
    if (picked !== undefined) setText(said, describe(picked));
    else if (usedBytes === 0) {
      setText(
        said,
        'Zeroed and flushed ahead of time: nothing was written in this life of the slot.',
      );
    } else {
      setText(
        said,
        `${plural(batches.length, 'batch', 'batches')} in ${size(usedBytes)}. Drawn: the first ${size(shown.bytes)} of ${size(layout.segmentSizeBytes)}, ${size(shown.bytesPerRow)} a layer, oldest at the bottom.`,
      );
    }
  };

  const choose = (index: number): void => {
    if (index === chosen) return;
    chosen = index;
    draw();
  };
  const pick = (event: PointerEvent): void => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor((box.bottom - event.clientY) / (HEIGHT / shown.rows));
    const offset = (row + (event.clientX - box.left) / box.width) * shown.bytesPerRow;
    choose(
      watch.view.batches.findIndex(
        (batch) => batch.offset <= offset && offset < batch.offset + batch.bytes,
      ),
    );
  };
  canvas.addEventListener('pointermove', pick);
  canvas.addEventListener('pointerdown', pick);
  canvas.addEventListener('pointerleave', () => choose(-1));
  canvas.addEventListener('keydown', (event) => {
    const end = watch.view.batches.length - 1;
    const to = {
      ArrowRight: chosen + 1,
      ArrowLeft: chosen - 1,
      Home: 0,
      End: end,
      Escape: -1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(Math.max(-1, Math.min(end, to)));
  });
  new ResizeObserver(draw).observe(canvas);
  watch.viewed.on(draw);
  themeChanged.on(draw);

  return el(
    'section',
    { class: 'card slot-card' },
    el('header', { class: 'card-head' }, title, follow),
    canvas,
    said,
    el(
      'ul',
      { class: 'legend' },
      ...LEGEND.map(([key, words]) => el('li', { class: `key key-${key}` }, words)),
    ),
  );
}
