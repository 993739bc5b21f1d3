/**
 * One slot from inside: its batches as blocks in layers, coloured by kind, with water above.
 *
 * Always true: what is drawn comes from `batches()`; nothing is made up to look fuller.
 */
import type { BatchLayout } from 'varve';
import { el, setText } from '../ui/dom.ts';
import { clockToSecond, count, lsnRange, plural, size } from '../ui/format.ts';
import { ink, themeChanged } from '../ui/theme.ts';
import { piecesOf, windowFor, type SlotWindow } from './slot-window.ts';
import type { StoreWatch } from './store-watch.ts';

const HEIGHT = 300;
const KINDS: readonly BatchLayout['kind'][] = ['records', 'fragment', 'control', 'mark'];
const KIND_WORDS: Record<BatchLayout['kind'], string> = {
  records: 'records',
  fragment: 'fragment of a stream',
  control: 'control',
  mark: 'mark, proves the batch before it',
};

const hasLsn = (batch: BatchLayout): boolean => batch.kind === 'records' && batch.count > 0;
const lastLsn = (batch: BatchLayout): number => batch.firstLsn + batch.count - 1;

/** The offset after the batch that holds `lsn`, or undefined if it is not in this slot. */
function endOf(batches: readonly BatchLayout[], lsn: number): number | undefined {
  const batch = batches.find(
    (each) => each.count > 0 && each.firstLsn <= lsn && lsn <= lastLsn(each),
  );
  return batch === undefined ? undefined : batch.offset + batch.bytes;
}

function describe(batch: BatchLayout): string {
  const what =
    batch.kind === 'records'
      ? `${plural(batch.count, 'record')}, ${lsnRange(batch.firstLsn, lastLsn(batch))}`
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
  const said = el('p', { class: 'slot-said', id: 'slot-said', 'aria-live': 'polite' });
  const legend = el(
    'ul',
    { class: 'legend' },
    ...KINDS.map((kind) =>
      el(
        'li',
        { class: `key key-${kind}` },
        kind === 'fragment' ? 'fragments' : kind === 'mark' ? 'marks' : kind,
      ),
    ),
    el('li', { class: 'key key-durable' }, 'durable LSN'),
    el('li', { class: 'key key-covered' }, 'checkpoint'),
  );
  let chosen = -1;
  let slotDrawn = -1;
  let shown: SlotWindow = windowFor(0, 4096);

  const draw = (): void => {
    const view = watch.view;
    const { batches, layout, status } = view;
    const width = canvas.clientWidth;
    const context = canvas.getContext('2d');
    if (context === null || width === 0) return;
    const scale = devicePixelRatio;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(HEIGHT * scale);
    context.scale(scale, scale);

    const water = context.createLinearGradient(0, 0, 0, HEIGHT);
    water.addColorStop(0, ink('water-top'));
    water.addColorStop(1, ink('water-deep'));
    context.fillStyle = water;
    context.fillRect(0, 0, width, HEIGHT);
    const slot = layout?.slots.find((each) => each.slot === view.slot);
    if (layout === undefined || status === undefined || slot === undefined) return;

    if (slotDrawn !== slot.slot) {
      slotDrawn = slot.slot;
      chosen = -1;
    }
    const last = batches.at(-1);
    const used = Math.max(
      slot.state === 'spare' ? 0 : slot.usedBytes,
      last === undefined ? 0 : last.offset + last.bytes,
    );
    shown = windowFor(used, layout.segmentSizeBytes);
    const rowHeight = HEIGHT / shown.rows;
    const gap = rowHeight > 8 ? 1.5 : 1;
    const top = (row: number): number => HEIGHT - (row + 1) * rowHeight;

    const block = (offset: number, bytes: number, colour: string): void => {
      context.fillStyle = colour;
      for (const piece of piecesOf(shown, offset, bytes)) {
        const x = piece.from * width;
        context.fillRect(
          x,
          top(piece.row) + gap / 2,
          Math.max(1, (piece.to - piece.from) * width - 0.8),
          rowHeight - gap,
        );
      }
    };

    if (used > 0) block(0, Math.min(batches[0]?.offset ?? used, used), ink('header'));
    context.font = `600 ${Math.min(11, rowHeight - 5)}px ui-monospace, monospace`;
    context.textBaseline = 'middle';
    for (const [index, batch] of batches.entries()) {
      const tone = index % 2 === 0 ? '' : '-2';
      block(
        batch.offset,
        batch.bytes,
        ink(`kind-${batch.kind}${batch.kind === 'mark' ? '' : tone}`),
      );
      const first = piecesOf(shown, batch.offset, batch.bytes)[0];
      if (first === undefined || !hasLsn(batch) || rowHeight < 14) continue;
      const text =
        batch.count === 1 ? String(batch.firstLsn) : `${batch.firstLsn}–${lastLsn(batch)}`;
      if (context.measureText(text).width + 10 > (first.to - first.from) * width) continue;
      context.fillStyle = ink('on-records');
      context.fillText(text, first.from * width + 5, top(first.row) + rowHeight / 2 + 0.5);
    }

    const marker = (offset: number | undefined, colour: string): void => {
      if (offset === undefined) return;
      const row = Math.min(shown.rows - 1, Math.floor((offset - 1) / shown.bytesPerRow));
      const x = ((offset - row * shown.bytesPerRow) / shown.bytesPerRow) * width;
      context.fillStyle = colour;
      context.fillRect(Math.min(width - 3, x - 1.5), top(row) - 5, 3, rowHeight + 7);
      context.beginPath();
      context.arc(
        Math.min(width - 4, Math.max(4, x)),
        Math.max(5, top(row) - 5),
        4,
        0,
        Math.PI * 2,
      );
      context.fill();
    };
    marker(endOf(batches, status.coveredLsn), ink('covered'));
    marker(endOf(batches, status.durableLsn), ink('durable'));

    const picked = batches[chosen];
    if (picked !== undefined) {
      context.strokeStyle = ink('ink');
      context.lineWidth = 2;
      for (const piece of piecesOf(shown, picked.offset, picked.bytes)) {
        context.strokeRect(
          piece.from * width + 1,
          top(piece.row) + 1,
          Math.max(2, (piece.to - piece.from) * width - 2),
          rowHeight - 2,
        );
      }
    }
    setText(title, `Inside slot ${slot.slot}${view.followsTail ? ', the tail' : ''}`);
    follow.hidden = view.followsTail;
    if (picked !== undefined) setText(said, describe(picked));
    else
      setText(
        said,
        used === 0
          ? 'Zeroed and flushed ahead of time: nothing was written here in this life of the slot.'
          : `${plural(batches.length, 'batch', 'batches')} in ${size(used)}. Drawn: the first ${size(shown.bytes)} of ${size(layout.segmentSizeBytes)}, ${size(shown.bytesPerRow)} a layer, oldest at the bottom.`,
      );
  };

  const pick = (event: PointerEvent): void => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor((box.bottom - event.clientY) / (HEIGHT / shown.rows));
    const offset = (row + (event.clientX - box.left) / box.width) * shown.bytesPerRow;
    const index = watch.view.batches.findIndex(
      (batch) => batch.offset <= offset && offset < batch.offset + batch.bytes,
    );
    if (index === chosen) return;
    chosen = index;
    draw();
  };
  canvas.addEventListener('pointermove', pick);
  canvas.addEventListener('pointerdown', pick);
  canvas.addEventListener('pointerleave', () => {
    chosen = -1;
    draw();
  });
  canvas.addEventListener('keydown', (event) => {
    const { length } = watch.view.batches;
    const to = {
      ArrowRight: chosen + 1,
      ArrowLeft: chosen - 1,
      Home: 0,
      End: length - 1,
      Escape: -1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    chosen = Math.max(-1, Math.min(length - 1, to));
    draw();
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
    legend,
  );
}
